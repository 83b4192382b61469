import type { Chance } from './chance.ts'

// Made up, so that nobody's payments seem to be here.
const STEMS = [
  'Velmora',
  'Tarnwick',
  'Osselby',
  'Brindlecote',
  'Quorrin',
  'Hallowmere',
  'Pendrithe',
  'Marrowvale',
  'Skelloway',
  'Dunmarrow',
  'Ilvenstadt',
  'Corvanto',
  'Aldersket',
  'Mirrowen',
  'Fennimoor',
  'Larkendale',
  'Ostrelle',
  'Kaviro',
  'Sundrake',
  'Wexenford',
] as const

const TRADES = [
  'Ceramics',
  'Freight',
  'Roasters',
  'Textiles',
  'Optics',
  'Timber',
  'Studios',
  'Instruments',
  'Bakery',
  'Cycles',
  'Seeds',
  'Press',
] as const

/** A company that does not exist. */
const company = (chance: Chance): string => `${chance.pick(STEMS)} ${chance.pick(TRADES)}`

/** Who pays and who is paid, with a number as in somebody's books; the two always differ. */
export const drawParties = (chance: Chance): { payer: string; payee: string } => ({
  payer: `${company(chance)} C-${chance.integer(1001, 1060)}`,
  payee: `${company(chance)} S-${chance.integer(2001, 2090)}`,
})
