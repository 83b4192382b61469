const DAY = 86_400_000

/** Milliseconds for which every attempt at an endpoint may fail before it is disabled. */
export const DISABLE_AFTER_MS = 3 * DAY

/** However fast time is told to run, a developer's receiver may be away for as long as a restart takes. */
const LEAST_MS = 60_000

/** How long an endpoint may fail, in milliseconds; `timeScale` speeds it up together with the retries. */
export const failingLimitMs = (timeScale: number): number => Math.max(DISABLE_AFTER_MS * timeScale, LEAST_MS)

/** Why an endpoint is disabled, in words for its owner. */
export const DISABLED = {
  byAccount: 'disabled by the account',
  gone: 'it answered 410 Gone',
  failing: `every attempt has failed for ${DISABLE_AFTER_MS / DAY} days`,
} as const

/** True when the endpoint was taken out by us, and not by somebody who no longer wants its events. */
export const disabledByUs = (reason: string | null): boolean =>
  reason === DISABLED.gone || reason === DISABLED.failing
