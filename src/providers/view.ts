import { toJsonInteger } from '../core/money.ts'
import type { ProviderList } from './model.ts'
import type { LegCapability } from './port.ts'
import type { ProviderReport } from './router.ts'

const reach = (capability: LegCapability | null) =>
  capability && {
    currencies: [...capability.currencies],
    chains: [...capability.chains],
    least_usd_cents: toJsonInteger(capability.leastUsdCents),
    most_usd_cents: toJsonInteger(capability.mostUsdCents),
  }

/** One provider as a reader of the API sees it. */
export const providerView = ({ capabilities, ...state }: ProviderReport): ProviderList['data'][number] => ({
  ...state,
  onramp: reach(capabilities.onramp),
  offramp: reach(capabilities.offramp),
})
