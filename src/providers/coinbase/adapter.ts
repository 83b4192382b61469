import { untilAborted } from '../abort.ts'
import type { AdapterDeps } from '../adapter.ts'
import type { LegCapability, Provider } from '../port.ts'
import { createSteps } from '../steps.ts'
import { createCoinbaseClient } from './client.ts'
import { endsOf, NETWORKS } from './parties.ts'
import { createPrices } from './prices.ts'
import { listRecords } from './records.ts'
import { createRounds } from './rounds.ts'
import type { CoinbaseSettings } from './settings.ts'

const NAME = 'coinbase'

/** Documented: an amount must be greater than one dollar. */
const LEAST_USD_CENTS = 101n
/** No upper limit is documented: those of the accounts come out as refusals. */
const MOST_USD_CENTS = 10n ** 12n

const LIMITS = { leastUsdCents: LEAST_USD_CENTS, mostUsdCents: MOST_USD_CENTS }

/**
 * Transfers of the Coinbase Developer Platform: USD in a payer's account there to USDC in our wallets, and USDC in our
 * account to USD or EUR in a bank. https://docs.cdp.coinbase.com/payments/transfers/overview
 */
export const createCoinbase = (
  { sql, clock, links, wallets }: AdapterDeps,
  settings: CoinbaseSettings,
): Provider => {
  const { accountId, charge, sandbox } = settings
  const client = createCoinbaseClient(settings, clock)
  const rounds = createRounds({
    client,
    steps: createSteps(sql, NAME),
    clock,
    endsOf: (operation) => endsOf(operation, { accountId, links, wallets }),
  })
  const prices = createPrices({ client, clock, accountId, charge })
  const delivered = NETWORKS.filter((chain) => wallets[chain])
  const onramp: LegCapability = { ...LIMITS, currencies: ['USD'], chains: delivered }
  // Not on Polygon either: what arrives there cannot be brought to our account at Coinbase.
  const offramp: LegCapability = { ...LIMITS, currencies: ['USD', 'EUR'], chains: NETWORKS }

  return {
    name: NAME,
    sandbox,
    capabilities: { onramp: delivered.length > 0 ? onramp : null, offramp },
    quote: prices.quote,
    health: prices.health,
    refresh: prices.refresh,
    initiate: (operation, signal) => untilAborted(signal, () => rounds.carry(operation, signal)),
    status: (operation, signal) => untilAborted(signal, () => rounds.look(operation, signal)),
    records: (window, signal) => listRecords(client, window, signal),
  }
}
