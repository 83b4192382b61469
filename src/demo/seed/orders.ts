import type { FeeRequest } from '../../fees/model.ts'
import { type Chance, createChance } from './chance.ts'
import { DAY_MS, drawTimes } from './hours.ts'
import { drawParties } from './names.ts'
import { drawFeeRequest, drawWish, type Wish } from './wishes.ts'

/** Days that are lived; the last one is the busiest. */
export const DAYS = 14
const LAST_DAY_SHARE = 0.55
/** Of quotes beside the paid ones: most callers ask more often than they pay. */
const UNPAID_SHARE = 0.15

/** Of callers who ask for a recommendation more than once. */
const TWICE_SHARE = 0.4

/** Of callers who send an idempotency key. */
const KEYED_SHARE = 0.85

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** One caller's way from a question to a payment, as far as it goes. Times are epoch milliseconds. */
export interface Order extends Wish {
  at: number
  /** Asked before the quote; null asks for no recommendation. */
  fees: FeeRequest | null
  /** Asks for it twice, as a form does that asks whenever it is left: the second answer is the first one's. */
  asksTwice: boolean
  payer: string
  payee: string
  /** From the quote to the payment, in milliseconds; null never pays. */
  paysAfterMs: number | null
  /** From the payment to its cancellation, in milliseconds; null lets it be. */
  cancelsAfterMs: number | null
  idempotencyKey: string | null
}

/** What a payment is to meet, beside what `SANDBOX_FAULTS` draws: accounts that arm the sandbox's faults. */
interface Fate {
  payer?: string
  payee?: string
  cancels?: true
  /** Of all payments; one at the least. */
  share: number
}

const FATES: readonly Fate[] = [
  { payer: 'fail_onramp', share: 0.01 },
  { payer: 'refuse_onramp', share: 0.005 },
  { payee: 'fail_offramp', share: 0.005 },
  { payee: 'refuse_offramp', share: 0.0075 },
  { payee: 'refuse_offramp_once', share: 0.01 },
  { payer: 'drop_onramp', share: 0.005 },
  { payee: 'slow_offramp', share: 0.005 },
  // While nobody takes it, its payer can change their mind.
  { payer: 'busy_onramp', cancels: true, share: 0.01 },
]

/** Payouts that come back after a day, and the hours before the end at which they are made. */
const RETURNED: Fate = { payee: 'return_offramp', share: 0 }
const RETURNED_HOURS = [55, 31]

/** Days before the end of payouts in yen whose webhooks have been given up since. */
const YEN_DAYS = [6.4, 5.3, 4.2]

/**
 * What is under way at the end goes on in another market than the sample's, at whose rates it was quoted; so it is small,
 * and the result of that day is not made of the difference. US dollars.
 */
const MOST_LIVE_USD = 300

/** Payments that are under way at the end, by how long before it they are made; see docs/sandbox.md for the faults. */
const LIVE: readonly (Fate & { beforeMs: number })[] = [
  { share: 0, beforeMs: 47 * MINUTE, payer: 'refuse_refund', payee: 'refuse_offramp' },
  { share: 0, beforeMs: 165 * SECOND, payee: 'busy_offramp' },
  { share: 0, beforeMs: 150 * SECOND, payee: 'refuse_offramp' },
  ...[160, 148, 136, 72, 51, 33, 14, 0, 0].map((seconds) => ({ share: 0, beforeMs: seconds * SECOND })),
]

const named = (fault: string | undefined, name: string): string => (fault ? `${fault}-${name}` : name)

const NO_FATE: Fate = { share: 0 }

const drawOrder = (chance: Chance, at: number, advised: number, fate = NO_FATE, mostUsd?: number): Order => {
  const wish = drawWish(chance, mostUsd)
  const { payer, payee } = drawParties(chance)
  return {
    ...wish,
    at,
    fees: chance.unit() < advised ? drawFeeRequest(chance, wish) : null,
    asksTwice: chance.unit() < TWICE_SHARE,
    payer: named(fate.payer, payer),
    payee: named(fate.payee, payee),
    paysAfterMs: chance.integer(2 * SECOND, 45 * SECOND),
    cancelsAfterMs: fate.cancels ? chance.integer(3 * SECOND, 7 * SECOND) : null,
    idempotencyKey: null,
  }
}

const inYen = (order: Order): Order => (order.from === 'JPY' ? order : { ...order, to: 'JPY' })

/** A fate for each of `count` payments, in an order that is drawn. */
const drawFates = (chance: Chance, count: number): Fate[] => {
  const fates = FATES.flatMap((fate) =>
    Array.from({ length: Math.max(1, Math.round(fate.share * count)) }, () => fate),
  )
  const all: Fate[] = Array.from({ length: count }, (_, index) => fates[index] ?? NO_FATE)
  return all
    .map((fate) => ({ fate, place: chance.unit() }))
    .sort((a, b) => a.place - b.place)
    .map(({ fate }) => fate)
}

/**
 * What callers do in the days before `end`, in the order in which it begins: `payments` payments, those that are live at
 * the end among them, and quotes that nobody pays. Equal arguments give equal orders.
 */
export const drawOrders = (seed: string, payments: number, end: number): Order[] => {
  // Apart, so that who wants what does not depend on the hour at which the days end.
  const [chance, hours] = [createChance(`${seed}/orders`), createChance(`${seed}/hours`)]
  const settled = payments - LIVE.length - YEN_DAYS.length - RETURNED_HOURS.length
  const recent = Math.round(settled * LAST_DAY_SHARE)
  const unpaid = Math.round(payments * UNPAID_SHARE)
  const begin = end - DAYS * DAY_MS
  // What begins ten minutes before the end has come to its end.
  const rest = end - 10 * MINUTE
  const times = [
    ...drawTimes(hours, settled - recent, begin, end - DAY_MS),
    ...drawTimes(hours, recent, end - DAY_MS, rest),
  ]
  const fates = drawFates(chance, times.length)
  const paid = times.map((at, index) =>
    drawOrder(chance, at, at > end - DAY_MS ? 0.35 : 0.15, fates[index] ?? NO_FATE),
  )
  const returned = RETURNED_HOURS.map((ago) => drawOrder(chance, end - ago * 60 * MINUTE, 0, RETURNED))
  const yen = YEN_DAYS.map((ago) => inYen(drawOrder(chance, end - ago * DAY_MS, 0)))
  const asked = drawTimes(hours, unpaid, end - DAY_MS, rest).map((at) => ({
    ...drawOrder(chance, at, 0.35),
    paysAfterMs: null,
  }))
  const live = LIVE.map((fate) => {
    const order = drawOrder(chance, 0, 0, fate, MOST_LIVE_USD)
    return { ...order, at: end - fate.beforeMs - (order.paysAfterMs ?? 0) }
  })
  const orders = [...paid, ...returned, ...yen, ...asked, ...live].sort((a, b) => a.at - b.at)
  const keyed = (order: Order, number: number): Order =>
    chance.unit() < KEYED_SHARE ? { ...order, idempotencyKey: `sample-order-${10_001 + number}` } : order
  return orders.map(keyed)
}
