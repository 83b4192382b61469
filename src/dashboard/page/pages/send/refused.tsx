import { ApiError } from '../../lib/api.ts'
import { money } from '../../lib/money.ts'
import { Failure } from '../../parts/states.tsx'

/** The API gives limits in minor units, and the reader thinks in amounts. */
const inWords = (error: ApiError, currency: string): ApiError => {
  const details = error.body.details?.map(({ path, message }) => ({
    path,
    message: path === '/amount' ? message.replace(/\d+/, (minor) => money(Number(minor), currency)) : message,
  }))
  return new ApiError(error.status, { ...error.body, ...(details ? { details } : {}) }, error.retryAfterMs)
}

/** Why there is no quote. */
export const Refused = ({ error, currency }: { error: Error; currency: string }) => (
  <Failure error={error instanceof ApiError ? inWords(error, currency) : error} />
)
