// The end of months, on SQLite; see lib/period.mjs.

import { done } from './lib/instance.mjs'
import { closeMonths } from './lib/period.mjs'

await closeMonths([0, 40, 400])
done()
