import type { Clock } from '../core/clock.ts'
import type { Fiat } from '../core/currency.ts'
import type { Rate } from '../core/rate.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createGuard, logUnknown } from './guard.ts'
import type { Chain, LegPrice, Operation, Outcome, Provider } from './port.ts'

/** What may be asked of a provider: send an operation, or find out about one. */
export interface ProviderCall {
  kind: 'submit' | 'inquire' | 'poll'
  provider: string
  operation: Operation
}

export interface Router {
  /** What each provider that serves a leg now offers, the best rate first; empty when none does. */
  offers(leg: 'onramp' | 'offramp', currency: Fiat, chain: Chain, fiatPerUsd: Rate): LegPrice[]
  /** Names of the providers that can serve a leg, the preferred one first and then in order of configuration. */
  ranked(currency: Fiat, chain: Chain, preferred: string): string[]
  /** Names of the providers whose breaker is open. */
  resting(): ReadonlySet<string>
  /** Does what the call says within the deadline; never throws. */
  perform(call: ProviderCall): Promise<Outcome>
}

/** Chooses among providers and calls them. `deadlineMs` bounds each call; the log gets the causes of unknown outcomes. */
export const createRouter = (
  providers: readonly Provider[],
  clock: Clock,
  deadlineMs: number,
  log: Logger,
): Router => {
  const entries = new Map(
    providers.map((provider) => {
      const guard = createGuard(provider.name, clock, deadlineMs, log)
      return [provider.name, { provider, guard }]
    }),
  )

  const able = (currency: Fiat, chain: Chain): Provider[] =>
    providers.filter(
      ({ capabilities }) => capabilities.currencies.includes(currency) && capabilities.chains.includes(chain),
    )

  const resting = () => new Set([...entries].filter(([, { guard }]) => guard.resting()).map(([name]) => name))

  return {
    resting,
    offers: (leg, currency, chain, fiatPerUsd) => {
      const away = resting()
      return (
        able(currency, chain)
          .filter(({ name }) => !away.has(name))
          .map((provider) => ({
            provider: provider.name,
            rate: provider.price(leg, currency, fiatPerUsd),
            sandbox: provider.sandbox,
          }))
          // Stable, so ties go to the provider that is configured first.
          .sort((a, b) => (a.rate === b.rate ? 0 : a.rate > b.rate ? -1 : 1))
      )
    },
    ranked: (currency, chain, preferred) => {
      const names = able(currency, chain).map(({ name }) => name)
      return names.includes(preferred) ? [preferred, ...names.filter((name) => name !== preferred)] : names
    },
    perform: async ({ kind, provider: name, operation }) => {
      const entry = entries.get(name)
      if (!entry) {
        const message = 'the provider is not configured'
        logUnknown(log, name, operation, { message })
        return { kind: 'unknown', message }
      }
      const { provider, guard } = entry
      const initiate = () => guard.run(operation, (signal) => provider.initiate(operation, signal))
      if (kind === 'submit') return initiate()
      const found = await guard.run(operation, (signal) => provider.status(operation, signal))
      // An operation that never arrived is sent again, under its own key.
      return kind === 'inquire' && found.kind === 'not_found' ? initiate() : found
    },
  }
}
