import { untilAborted } from '../abort.ts'
import type { AdapterDeps } from '../adapter.ts'
import type { LegCapability, Operation, Provider } from '../port.ts'
import { createSteps } from '../steps.ts'
import { createCpnClient } from './client.ts'
import { createEnding } from './ending.ts'
import { createFunding } from './funding.ts'
import { createJournal } from './journal.ts'
import { isCpnChain, type Network } from './networks.ts'
import { createPayments } from './payments.ts'
import { createPayouts } from './payouts.ts'
import { createPrices } from './prices.ts'
import { createRecords } from './records.ts'
import type { CpnSettings } from './settings.ts'

const NAME = 'cpn'

/** What the adapter needs of all that adapters stand on: where on-ramps deliver is no concern of a payout. */
export type CpnDeps = Omit<AdapterDeps, 'wallets'>

/**
 * Circle Payments Network: pays fiat out for USDC that it takes from our wallet. It knows no on-ramp, and so no refund of
 * one either.
 */
export const createCpn = ({ sql, clock, log, links }: CpnDeps, settings: CpnSettings): Provider => {
  const { baseUrl, apiKey, sandbox, networks, wallet, book, authorities, charge, mostUsdCents } = settings
  const now = clock.now
  const client = createCpnClient({ baseUrl, apiKey, clock })
  const steps = createSteps(sql, NAME)
  const journal = createJournal(steps)
  const prices = createPrices({ client, book, networks, authorities, charge, clock })

  const serves = ({ leg, chain }: Operation): boolean =>
    leg === 'offramp' && isCpnChain(chain) && networks[chain] !== undefined
  const networkOf = ({ chain }: Operation): Network => {
    const network = isCpnChain(chain) ? networks[chain] : undefined
    if (!network) throw new Error(`${NAME} does not use ${chain}`)
    return network
  }

  const offramp: LegCapability = {
    currencies: [...new Set(Object.values(book.beneficiaries).map(({ currency }) => currency))],
    chains: Object.keys(networks).filter(isCpnChain),
    leastUsdCents: 0n,
    mostUsdCents,
  }

  const payouts = createPayouts({
    client,
    journal,
    payments: createPayments({
      name: NAME,
      client,
      journal,
      links,
      book,
      authorities,
      payer: wallet.address,
      networkOf,
      now,
    }),
    funding: createFunding({ client, journal, wallet, log, networkOf, now }),
    ending: createEnding({ client, journal, log, now }),
    log,
    serves,
  })

  return {
    name: NAME,
    sandbox,
    capabilities: { onramp: null, offramp },
    quote: (ask) => (ask.leg === 'offramp' ? prices.rate(ask) : null),
    health: prices.health,
    refresh: prices.refresh,
    initiate: (operation, signal) => untilAborted(signal, () => payouts.initiate(operation, signal)),
    status: (operation, signal) => untilAborted(signal, () => payouts.status(operation, signal)),
    records: createRecords({ client, steps, journal, clock }),
  }
}
