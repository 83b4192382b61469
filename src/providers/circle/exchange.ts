import type { Clock } from '../../core/clock.ts'
import { formatAmount } from '../../core/money.ts'
import { stepKey } from '../keys.ts'
import type { Operation, Outcome } from '../port.ts'
import { refusedUnsent } from '../refusal.ts'
import type { Step, Steps } from '../steps.ts'
import { unitsOf } from './amounts.ts'
import type { CircleClient } from './client.ts'
import { CircleError, reasonOf, refusal } from './refusals.ts'
import { ended, isOutcome, KEY_LIFE_MS, NAME, refuse, refusedStep, type Taken } from './sender.ts'
import type { Quote, Trade } from './shapes.ts'
import { stateOf, TRADE_STATES } from './states.ts'

/** Quotes that one operation may let lapse; each lives for 3 seconds. */
const MOST_QUOTES = 5

/** After this a lapsed quote can no longer be traded, by clocks that differ, nor by a request still on its way. */
const SURELY_LAPSED_MS = 60_000

/**
 * Codes that may mean that the quote has lapsed, for which none is documented: after one of them nothing is certain before
 * the quote has surely lapsed.
 */
const PERHAPS_LAPSED: ReadonlySet<string> = new Set(['2', '400', '404'])

/** The step of the trade of a quote, counted from 1. */
export const tradeStep = (round: number): string => `trade#${round}`

const quoteStep = (round: number): string => `quote#${round}`

/** `lapsed`: the quote was not traded, and never will be, so that another may be asked for. */
type Found = Trade | Outcome | 'lapsed'

export interface ExchangeDeps {
  client: CircleClient
  steps: Steps
  clock: Clock
}

/** The exchange of USDC for EURC. */
export interface Exchange {
  /**
   * Buys what the operation pays out. The USDC that it has cost, minor units, once the EURC is ours; until then how the
   * operation stands, which is `moving` while the trade settles.
   */
  buy(
    operation: Operation,
    taken: Taken,
    moving: Outcome,
    signal: AbortSignal,
  ): Promise<{ spent: bigint } | Outcome>
}

/** USDC minor units that a trade has cost. Throws when it is not the one that was asked for. */
const spentOn = ({ from, to }: Pick<Trade, 'from' | 'to'>, { amount }: Operation): bigint => {
  if (unitsOf(to, 'EURC', 'EUR') !== amount) throw new Error('circle exchanges another amount than asked for')
  return unitsOf(from, 'USDC', 'USDC')
}

/**
 * Buys exactly the EURC that an operation pays out. What is done with a quote is decided once, by whoever first writes
 * down the step of its trade: to trade it, or, when it has lapsed or was refused, nothing at all.
 */
export const createExchange = ({ client, steps, clock }: ExchangeDeps): Exchange => {
  const isLapsed = (expiry: string, byMs: number): boolean => clock.now() >= Date.parse(expiry) + byMs

  const quoted = (operation: Operation, round: number, signal: AbortSignal): Promise<Quote> =>
    client.quote(
      stepKey(operation.key, quoteStep(round)),
      {
        type: 'tradable',
        from: { currency: 'USDC', amount: null },
        to: { currency: 'EURC', amount: formatAmount(operation.amount, operation.currency) },
      },
      signal,
    )

  /** Asks for a quote, which moves nothing, and decides what is done with it. */
  const decide = async (operation: Operation, round: number, signal: AbortSignal): Promise<Step> => {
    const leave = (detail: Record<string, string>) => steps.begin(operation, tradeStep(round), detail)
    let quote: Quote
    try {
      quote = await quoted(operation, round, signal)
    } catch (error) {
      const reason = error instanceof CircleError ? reasonOf(error) : null
      if (reason) return leave({ refused: reason })
      refusedUnsent(error, NAME, operation)
      return leave({ refused: 'temporary' })
    }
    // The same key answers with the same quote, which an earlier try may have left to lapse.
    if (isLapsed(quote.expiry, 0)) return leave({ lapsed: 'before it was sent' })
    if (spentOn(quote, operation) > operation.mostUsdc) return leave({ refused: 'route' })
    return leave({ quote: quote.id, expiry: quote.expiry })
  }

  /** What a trade that was sent and not answered with one comes to. Throws the error when there is no telling. */
  const notTraded = async (
    operation: Operation,
    { name, detail: { quote, expiry = '' } }: Step,
    error: unknown,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<Found> => {
    if (!(error instanceof CircleError)) {
      if (!fresh) throw error
      refusedUnsent(error, NAME, operation)
      return refuse(steps, operation, name, 'temporary')
    }
    const reason = reasonOf(error)
    if (!reason) throw error
    if (isLapsed(expiry, SURELY_LAPSED_MS)) {
      const trade = (await client.trades(signal)).find(({ quoteId }) => quoteId === quote)
      if (trade) return trade
      await ended(steps, operation, name, { status: 'refused', detail: { lapsed: 'after it was sent' } })
      return 'lapsed'
    }
    if (!fresh || PERHAPS_LAPSED.has(error.code) || isLapsed(expiry, 0)) throw error
    return refuse(steps, operation, name, reason)
  }

  const tradeOf = async (
    operation: Operation,
    taken: Taken,
    round: number,
    signal: AbortSignal,
  ): Promise<Found> => {
    const name = tradeStep(round)
    const before = taken.get(name)
    const step = before ?? (await decide(operation, round, signal))
    const refused = refusedStep(step)
    if (refused) return refused
    if (step.detail.lapsed !== undefined) return 'lapsed'
    if (step.externalId !== null) return client.trade(step.externalId, signal)
    if (step.ageMs > KEY_LIFE_MS)
      return { kind: 'unknown', message: 'the key of its trade is too old to be sent again' }
    let trade: Found
    try {
      trade = await client.createTrade(stepKey(operation.key, name), step.detail.quote ?? '', signal)
    } catch (error) {
      trade = await notTraded(operation, step, error, before === undefined, signal)
    }
    if (trade === 'lapsed' || isOutcome(trade)) return trade
    await ended(steps, operation, name, { status: 'done', externalId: trade.id })
    return trade
  }

  return {
    buy: async (operation, taken, moving, signal) => {
      for (let round = 1; round <= MOST_QUOTES; round++) {
        const trade = await tradeOf(operation, taken, round, signal)
        if (trade === 'lapsed') continue
        if (isOutcome(trade)) return trade
        const state = stateOf(TRADE_STATES, 'trade', trade.status)
        if (state === 'failed') return refusal('temporary')
        return state === 'moving' ? moving : { spent: spentOn(trade, operation) }
      }
      return refusal('temporary')
    },
  }
}
