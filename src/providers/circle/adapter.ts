import { untilAborted } from '../abort.ts'
import { type AdapterDeps, byKeyAge } from '../adapter.ts'
import { CHAINS, type Operation, type Outcome, type Provider } from '../port.ts'
import { createSteps, type Step } from '../steps.ts'
import { createCircleClient } from './client.ts'
import { createDeposits, DEPOSIT } from './deposits.ts'
import { createExchange } from './exchange.ts'
import { createOnramp } from './onramp.ts'
import { createRecipients } from './parties.ts'
import { createPayouts } from './payout.ts'
import { createPrices } from './prices.ts'
import { createRecords } from './records.ts'
import { createSender, KEY_LIFE_MS, NAME, refusedStep, type Taken } from './sender.ts'
import type { CircleSettings } from './settings.ts'

/** No lower limit is documented; below a dollar nothing is worth a wire. */
const LEAST_USD_CENTS = 100n

/** What is known of the calls of an operation that act: to take a deposit is a matter of ours alone. */
const actsOf = (taken: Taken): 'none' | 'unanswered' | 'answered' => {
  const acts = [...taken.values()].filter(({ name }) => name !== DEPOSIT)
  const answered = (step: Step) =>
    step.status !== 'begun' || refusedStep(step) !== null || step.detail.lapsed !== undefined
  if (acts.length === 0) return 'none'
  return acts.some(answered) ? 'answered' : 'unanswered'
}

/**
 * Circle Mint: USD by wire to USDC in our wallets, and USDC of our account there to USD by wire and EUR by SEPA.
 * https://developers.circle.com/circle-mint
 */
export const createCircle = (deps: AdapterDeps, settings: CircleSettings): Provider => {
  const { sql, clock, links, wallets } = deps
  const client = createCircleClient(settings, clock)
  const steps = createSteps(sql, NAME)
  const send = createSender(steps)
  const exchange = settings.exchange ? createExchange({ client, steps, clock }) : null
  const payOut = createPayouts({ client, send, exchange, links })
  const bringIn = createOnramp({
    client,
    send,
    takeDeposit: createDeposits(client, steps, clock),
    recipients: createRecipients(client),
    links,
    wallets,
  })
  const prices = createPrices(client, settings, clock)

  const advance = (operation: Operation, taken: Taken, signal: AbortSignal): Promise<Outcome> =>
    (operation.leg === 'onramp' ? bringIn : payOut)(operation, taken, signal)

  const initiate = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    const taken = await steps.of(operation)
    const resent = operation.sentBefore && operation.reference === null && actsOf(taken) === 'unanswered'
    const left = resent ? byKeyAge(operation, KEY_LIFE_MS) : null
    return left?.kind === 'unknown' ? left : advance(operation, taken, signal)
  }

  const status = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    const taken = await steps.of(operation)
    const acts = actsOf(taken)
    if (operation.reference !== null || acts === 'answered') return advance(operation, taken, signal)
    // Each call is written down before it is sent, so that without a trace there was none.
    return acts === 'none' ? { kind: 'not_found' } : byKeyAge(operation, KEY_LIFE_MS)
  }

  const limits = { leastUsdCents: LEAST_USD_CENTS, mostUsdCents: settings.mostUsdCents }
  const delivered = CHAINS.filter((chain) => wallets[chain])

  return {
    name: NAME,
    sandbox: settings.sandbox,
    capabilities: {
      onramp: delivered.length > 0 ? { ...limits, currencies: ['USD'], chains: delivered } : null,
      // Paid out of our balance there, whichever chain the USDC has come by.
      offramp: { ...limits, currencies: exchange ? ['USD', 'EUR'] : ['USD'], chains: CHAINS },
    },
    quote: prices.quote,
    health: prices.health,
    refresh: prices.refresh,
    initiate: (operation, signal) => untilAborted(signal, () => initiate(operation, signal)),
    status: (operation, signal) => untilAborted(signal, () => status(operation, signal)),
    records: createRecords({ client, steps, clock, exchange: settings.exchange }),
  }
}
