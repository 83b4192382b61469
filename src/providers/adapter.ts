import type { Clock } from '../core/clock.ts'
import type { Sql } from '../db/client.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Links } from './links.ts'
import type { Chain, Operation, Outcome } from './port.ts'

/** What the adapter of an outside API stands on. */
export interface AdapterDeps {
  sql: Sql
  clock: Clock
  log: Logger
  /** What payers and payees are called at the provider. */
  links: Links
  /** Where on-ramps deliver USDC: our address on each chain that we use. */
  wallets: Readonly<Partial<Record<Chain, string>>>
}

/**
 * What is known of an operation that its provider cannot be asked about by key: it may be sent again while the provider
 * remembers the key (`lifeMs`), and is unknown for good afterwards, because it might act a second time.
 */
export const byKeyAge = ({ ageMs }: Operation, lifeMs: number): Outcome =>
  ageMs <= lifeMs
    ? { kind: 'not_found' }
    : { kind: 'unknown', message: 'its key is too old to be sent again; look it up at the provider by hand' }
