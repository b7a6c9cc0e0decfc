// Machines on a network of their own: namespaces of the kernel, each with one
// cable to a router, which can be pulled or made to swallow what passes in
// one direction. Nobody is told of it, as it is when a real network fails;
// a proxy could only close. It takes root and the right to make namespaces.
//
//	const network = await Network.make()	// throws, with the reason
//	const machine = network.add('db')	// .address, .inside(program, args)
//	machine.cut(); machine.mend()

import { execFileSync } from 'node:child_process'
import { run } from './instance.mjs'

let networks = 0

export class Network {
  constructor () {
    this.name = `okse-${process.pid}-${networks++}`
    this.machines = []
    process.on('exit', () => this.stop())
  }

  static async make () {
    const network = new Network()
    network.do('netns', 'add', network.name)
    network.made = true
    network.enter(network.name, 'sh', ['-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward'])
    network.route('link', 'set', 'lo', 'up')
    // can it be pulled? what is made for nothing is removed again
    const probe = network.add()
    probe.silence()
    probe.mend()
    return network
  }

  do (...args) {
    execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  }

  route (...args) { this.do('-n', this.name, ...args) }
  enter (namespace, program, args) {
    execFileSync('nsenter', [`--net=/run/netns/${namespace}`, program,
      ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  }

  add () {
    const machine = new Machine(this, this.machines.length + 1)
    this.machines.push(machine)
    return machine.plug()
  }

  stop () {
    if (!this.made)
      return
    this.made = false
    for (const name of [...this.machines.map(m => m.name), this.name])
      try { this.do('netns', 'del', name) } catch {}
  }
}

/** One machine, its address, and its cable. */
class Machine {
  constructor (network, number) {
    this.network = network
    this.name = `${network.name}-${number}`
    this.port = `p${number}`
    this.subnet = `10.77.${number}`
    this.address = `${this.subnet}.2`
    this.rules = []
  }

  plug () {
    const { network, name, port, subnet } = this
    network.do('netns', 'add', name)
    network.route('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0',
      'netns', name)
    network.route('addr', 'add', `${subnet}.1/24`, 'dev', port)
    network.route('link', 'set', port, 'up')
    const own = (...args) => network.do('-n', name, ...args)
    own('link', 'set', 'lo', 'up')
    own('addr', 'add', `${this.address}/24`, 'dev', 'eth0')
    own('link', 'set', 'eth0', 'up')
    own('route', 'add', 'default', 'via', `${subnet}.1`)
    return this
  }

  /** What to begin a command with so that it runs there. */
  get prefix () { return ['nsenter', `--net=/run/netns/${this.name}`] }
  run (program, args, options) {
    const [first, ...rest] = [...this.prefix, program, ...args]
    return run(first, rest, options)
  }

  swallow (direction) {
    const rule = [direction, `${this.address}/32`, 'blackhole']
    this.network.route('rule', 'add', ...rule)
    this.rules.push(rule)
  }

  cut () {
    this.network.route('link', 'set', this.port, 'down')
    this.down = true
  }

  mute () { this.swallow('from') }	// what it says is lost
  deafen () { this.swallow('to') }	// what it is told is lost
  silence () {
    this.mute()
    this.deafen()
  }

  mend () {
    for (const rule of this.rules.splice(0))
      this.network.route('rule', 'del', ...rule)
    if (this.down)
      this.network.route('link', 'set', this.port, 'up')
    this.down = false
  }
}
