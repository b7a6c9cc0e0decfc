// A headless Chromium driven over WebDriver (W3C), for pages that we write.
//
//	const browser = await startBrowser()
//	await browser.open('/tmp/page.html')
//	await browser.run('return document.title')
//	await browser.stop()

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { once } from 'node:events'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { remove, until } from './instance.mjs'

export const hasBrowser = existsSync('/usr/bin/chromedriver') &&
  existsSync('/usr/bin/chromium')

class Browser {
  async call (method, where, body) {
    const r = await fetch(`http://127.0.0.1:${this.port}${where}`, {
      method, signal: AbortSignal.timeout(120000),
      body: body && JSON.stringify(body)
    })
    const { value } = await r.json()
    if (!r.ok)
      throw new Error(`${where}: ${value.error}: ${value.message}`)
    return value
  }

  session (method, where, body) {
    return this.call(method, `/session/${this.id}${where}`, body)
  }

  open (file) {
    return this.session('POST', '/url', { url: pathToFileURL(file).href })
  }

  run (script, ...args) {
    return this.session('POST', '/execute/sync', { script, args })
  }

  /** The script's value once it is true. */
  until (script) {
    return until(() => this.run(script), Boolean, script)
  }

  resize (width, height) {
    return this.session('POST', '/goog/cdp/execute', {
      cmd: 'Emulation.setDeviceMetricsOverride',
      params: { width, height, deviceScaleFactor: 1, mobile: true }
    })
  }

  /** Since the last call: addresses asked for, and complaints. */
  async told () {
    const events = (await this.session('POST', '/se/log',
      { type: 'performance' })).map(e => JSON.parse(e.message).message)
    const complaints = await this.session('POST', '/se/log',
      { type: 'browser' })
    return {
      requests: events.filter(e => e.method === 'Network.requestWillBeSent')
        .filter(e => !/^(about:blank$|data:,$|chrome:)/
          .test(e.params.documentURL))	// the browser's own
        .map(e => e.params.request.url),
      complaints: complaints.map(c => c.message)
    }
  }

  async pdf () {
    return Buffer.from(await this.session('POST', '/print', {}), 'base64')
  }

  async screenshot () {
    return Buffer.from(await this.session('GET', '/screenshot'), 'base64')
  }

  async stop () {
    await this.session('DELETE', '').catch(() => {})
    this.driver.removeAllListeners('exit')
    this.driver.kill('SIGTERM')
    await once(this.driver, 'exit')
    remove(this.profile)
  }
}

export async function startBrowser () {
  const b = new Browser()
  b.profile = mkdtempSync('/tmp/okse-browser-')
  b.driver = spawn('/usr/bin/chromedriver', ['--port=0'],
    { stdio: ['ignore', 'pipe', 'ignore'] })
  process.on('exit', () => b.driver.kill('SIGKILL'))
  b.port = await new Promise((resolve, reject) => {
    let said = ''
    b.driver.on('error', reject)
    b.driver.on('exit', () => reject(new Error(said)))
    b.driver.stdout.on('data', d => {
      said += d
      const port = /successfully on port (\d+)/.exec(said)
      if (port) resolve(port[1])
    })
  })
  const { sessionId } = await b.call('POST', '/session', {
    capabilities: {
      alwaysMatch: {
        browserName: 'chrome',
        'goog:loggingPrefs': { performance: 'ALL', browser: 'ALL' },
        'goog:chromeOptions': {
          binary: '/usr/bin/chromium',
          // the page is ours and alone; a root shell has no other way
          args: ['--headless=new', '--no-sandbox', '--disable-gpu',
            '--disable-dev-shm-usage',
            `--user-data-dir=${path.join(b.profile, 'profile')}`]
        }
      }
    }
  })
  b.id = sessionId
  return b
}
