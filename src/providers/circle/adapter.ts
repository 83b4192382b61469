import { untilAborted } from '../abort.ts'
import { type AdapterDeps, byKeyAge } from '../adapter.ts'
import { CHAINS, type Operation, type Outcome, type Provider } from '../port.ts'
import { createSteps } from '../steps.ts'
import { createCircleClient } from './client.ts'
import { createDeposits } from './deposits.ts'
import { createExchange } from './exchange.ts'
import { createOnramp } from './onramp.ts'
import { createRecipients } from './parties.ts'
import { createPayouts } from './payout.ts'
import { createPrices } from './prices.ts'
import { createRecords } from './records.ts'
import { createSender, KEY_LIFE_MS, NAME, type Taken } from './sender.ts'
import type { CircleSettings } from './settings.ts'

/** No lower limit is documented; below a dollar nothing is worth a wire. */
const LEAST_USD_CENTS = 100n

/** Whether anything of the operation may be known to Circle: a deposit that was taken is known to us alone. */
const hasActed = (taken: Taken): boolean =>
  [...taken.values()].some(
    ({ name, status, detail }) =>
      name !== 'deposit' && (status !== 'begun' || 'refused' in detail || 'lapsed' in detail),
  )

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
    const forgotten = operation.sentBefore && operation.reference === null && !hasActed(taken)
    const left = forgotten ? byKeyAge(operation, KEY_LIFE_MS) : null
    return left?.kind === 'unknown' ? left : advance(operation, taken, signal)
  }

  const status = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    const taken = await steps.of(operation)
    const unknown = operation.reference === null && !hasActed(taken)
    return unknown ? byKeyAge(operation, KEY_LIFE_MS) : advance(operation, taken, signal)
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
