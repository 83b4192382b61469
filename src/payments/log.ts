import type { Logger } from '../telemetry/logger.ts'
import type { Change } from './sql/commit.ts'

type Logged = Pick<Change, 'payment_id' | 'account_id' | 'version' | 'to_status' | 'exception'> &
  Partial<Pick<Change, 'provider' | 'leg' | 'leg_attempt' | 'refusal' | 'job_id' | 'request_id'>> & {
    /** Null for the acceptance, before which there was no payment. */
    from_status: string | null
  }

/** What somebody may have to do something about. */
const isTrouble = ({ from_status, to_status, exception, refusal }: Logged): boolean =>
  exception === 'needs_review' ||
  (refusal ?? null) !== null ||
  (to_status !== from_status && (to_status === 'FAILED' || to_status === 'REFUND_PENDING'))

/**
 * One line for a change of a payment; call it once the change is committed. `durationMs` is how long the payment was as it
 * was before. No text of a provider or of a caller is in it, for they can name people.
 */
export const logChange = (log: Logger, change: Logged, durationMs?: number): void => {
  const line = {
    payment_id: change.payment_id,
    account_id: change.account_id,
    version: change.version + 1,
    from: change.from_status,
    to: change.to_status,
    exception: change.exception,
    provider: change.provider ?? undefined,
    leg: change.leg ?? undefined,
    attempt: change.leg_attempt ?? undefined,
    refusal: change.refusal ?? undefined,
    duration_ms: durationMs,
    job_id: change.job_id ?? undefined,
    request_id: change.request_id ?? undefined,
  }
  if (isTrouble(change)) log.warn(line, 'payment changed')
  else log.info(line, 'payment changed')
}
