import type { Operation, Outcome } from './port.ts'
import { WireError } from './wire.ts'

/**
 * The refusal that an error comes to when the operation's very first request did nothing: nobody was reached, or we
 * were turned away. Throws the error in every other case, for then something may have been done under the key.
 */
export const refusedUnsent = (error: unknown, provider: string, { sentBefore }: Operation): Outcome => {
  const nothingDone =
    error instanceof WireError && (error.fault === 'unsent' || error.fault === 'turned_away')
  if (sentBefore || !nothingDone) throw error
  // Constant, because customers read it: the cause is in the log.
  return { kind: 'refused', reason: 'temporary', message: `${provider} is not available right now` }
}
