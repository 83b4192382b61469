import type { Clock } from '../core/clock.ts'
import type { Rate } from '../core/rate.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type BreakerState, createGuard, logUnknown } from './guard.ts'
import type { Ask, Capabilities, LegPrice, Operation, Outcome, Provider, ProviderHealth } from './port.ts'

/** What may be asked of a provider: send an operation, or find out about one. */
export interface ProviderCall {
  kind: 'submit' | 'inquire' | 'poll'
  provider: string
  operation: Operation
}

/** How one provider is doing, as this process knows it. */
export interface ProviderReport {
  name: string
  sandbox: boolean
  health: ProviderHealth
  breaker: BreakerState
  /** Whether half of the newest calls or more have failed. */
  failing: boolean
  capabilities: Capabilities
}

export interface Router {
  /** What each provider that serves a leg now offers, the best rate first; empty when none does. */
  offers(ask: Ask): LegPrice[]
  /** Names of the providers that can serve a leg: the healthy ones first, of them the preferred one, then the best rate. */
  ranked(ask: Ask, preferred: string): string[]
  /** Names of the providers to send nothing new to: their breaker is open, or they report an outage. */
  resting(): ReadonlySet<string>
  /** How each provider is doing, in the order in which they are configured. */
  report(): ProviderReport[]
  /** Does what the call says within the deadline; never throws. */
  perform(call: ProviderCall): Promise<Outcome>
}

/** Told of each call of a provider, for metrics; `seconds` include the wait for a free place. */
export type ObserveCall = (
  provider: string,
  call: 'initiate' | 'status',
  outcome: Outcome['kind'],
  seconds: number,
) => void

/** Chooses among providers and calls them. `deadlineMs` bounds each call; the log gets the causes of unknown outcomes. */
export const createRouter = (
  providers: readonly Provider[],
  clock: Clock,
  deadlineMs: number,
  log: Logger,
  observe: ObserveCall = () => {},
): Router => {
  const entries = new Map(
    providers.map((provider) => {
      const guard = createGuard(provider.name, clock, deadlineMs, log)
      return [provider.name, { provider, guard }]
    }),
  )

  const able = ({ leg, currency, chain, usdCents }: Ask): Provider[] =>
    providers.filter(({ capabilities }) => {
      const can = capabilities[leg]
      return (
        can?.currencies.includes(currency) &&
        can.chains.includes(chain) &&
        usdCents >= can.leastUsdCents &&
        usdCents <= can.mostUsdCents
      )
    })

  /** One that cannot be counted on now, by its own word or by what came of our calls. */
  const isDoubtful = (provider: Provider): boolean =>
    ['degraded', 'outage'].includes(provider.health()) || entries.get(provider.name)?.guard.failing() === true

  const priced = (ask: Ask, preferred?: string) =>
    able(ask)
      .map((provider) => ({
        provider,
        name: provider.name,
        rate: provider.quote(ask) ?? 0n,
        doubtful: Number(isDoubtful(provider)),
        other: Number(provider.name !== preferred),
      }))
      // Stable, so ties go to the provider that is configured first; one without a price comes last.
      .sort((a, b) => a.doubtful - b.doubtful || a.other - b.other || Number(b.rate - a.rate))

  const resting = () =>
    new Set(
      [...entries]
        .filter(([, { provider, guard }]) => guard.resting() || provider.health() === 'outage')
        .map(([name]) => name),
    )

  return {
    resting,
    offers: (ask) => {
      const away = resting()
      return priced(ask).flatMap(({ provider, name, rate }) =>
        rate === 0n || away.has(name)
          ? []
          : [{ provider: name, rate: rate as Rate, sandbox: provider.sandbox }],
      )
    },
    ranked: (ask, preferred) => priced(ask, preferred).map(({ name }) => name),
    report: () =>
      [...entries.values()].map(({ provider, guard }) => ({
        name: provider.name,
        sandbox: provider.sandbox,
        health: provider.health(),
        breaker: guard.breaker(),
        failing: guard.failing(),
        capabilities: provider.capabilities,
      })),
    perform: async ({ kind, provider: name, operation }) => {
      const entry = entries.get(name)
      if (!entry) {
        const message = 'the provider is not configured'
        logUnknown(log, name, operation, { message })
        return { kind: 'unknown', message }
      }
      const { provider, guard } = entry
      const run = async (call: 'initiate' | 'status'): Promise<Outcome> => {
        const begun = performance.now()
        const outcome = await guard.run(operation, (signal) => provider[call](operation, signal))
        observe(name, call, outcome.kind, (performance.now() - begun) / 1000)
        return outcome
      }
      if (kind === 'submit') return run('initiate')
      const found = await run('status')
      // An operation that never arrived is sent again, under its own key.
      return kind === 'inquire' && found.kind === 'not_found' ? run('initiate') : found
    },
  }
}
