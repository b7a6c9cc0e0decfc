// The end of months of a node on PostgreSQL; see lib/period.mjs.

import { done, okse } from './lib/instance.mjs'
import { Database } from './lib/fleet.mjs'
import { closeMonths } from './lib/period.mjs'

const database = await (await new Database().start()).migrate()
await closeMonths([20, 250], {
  more: ['--registry', database.uri('okse')],
  join: async node => {
    const r = await okse(['registry', 'join', '--owner', database.owner,
      node.path('okse.yaml')])
    if (r.status !== 0)
      throw new Error(r.stderr)
  }
})
await database.stop()
done()
