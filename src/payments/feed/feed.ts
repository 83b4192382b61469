import type { Sql } from '../../db/client.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { AuditEntry } from '../sql/audit.ts'
import type { PaymentStore } from '../store.ts'
import { createAccountFollowers } from './account.ts'
import { createPaymentFollowers } from './payment.ts'
import type { AccountEvent } from './reader.ts'
import { createStreams, type MostStreams } from './streams.ts'

export interface FeedDeps {
  sql: Sql
  store: Pick<PaymentStore, 'listByIds'>
  log: Logger
  most: MostStreams
}

export interface PaymentFeed {
  /**
   * The changes of one payment after version `after`, until it ends, the signal is set or the feed closes.
   * Null stands for a heartbeat. The payment must exist; one that has ended is replayed. Throws RATE_LIMITED before
   * anything else when the account or this process has as many streams open as it may.
   */
  follow(
    accountId: string,
    paymentId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<AuditEntry | null>
  /**
   * The changes of all payments of an account, in batches, from the place `since` in its chain of seals, or from now
   * on. Ends and throws as `follow` does, but for the payments' ends.
   */
  followAccount(
    accountId: string,
    since: number | null,
    signal: AbortSignal,
  ): AsyncGenerator<readonly AccountEvent[]>
  /** Looks now instead of at the next turn, because this process has just changed something. */
  look(): void
  /** How many streams are open. */
  followers(): number
  /** Ends all streams. */
  close(): void
}

/** Tells streams what happens to payments. */
export const createPaymentFeed = ({ sql, store, log, most }: FeedDeps): PaymentFeed => {
  const streams = createStreams(most)
  const payments = createPaymentFollowers({ sql, log })
  const accounts = createAccountFollowers({ sql, store, log })
  const sources = [payments, accounts]

  return {
    follow: (accountId, paymentId, after, signal) =>
      streams.stream(accountId, signal, (nudge) => payments.join(accountId, paymentId, after, nudge)),
    followAccount: (accountId, since, signal) =>
      streams.stream(accountId, signal, (nudge) => accounts.join(accountId, since, nudge)),
    look: () => {
      for (const { look } of sources) look()
    },
    followers: streams.count,
    close: () => {
      for (const { close } of [...sources, streams]) close()
    },
  }
}
