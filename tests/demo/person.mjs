// Somebody for the demo, as a community centre knows them: prints
// { holder, claims }.  usage: person.mjs YEARS [foreign | no-card]
// sixteen: whoever becomes 17 tomorrow.

import { person, koreanDate } from '../e2e/lib/instance.mjs'

const [years, what] = process.argv.slice(2)
const birth = koreanDate(years === '16'
  ? { years: -17, days: 1 }
  : { years: -years, days: -40 })

console.log(JSON.stringify(person({
  birth, foreign: what === 'foreign', card: what === 'no-card' ? null : {}
})))
