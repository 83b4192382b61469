import { useEffect } from 'preact/hooks'
import { call } from '../lib/api.ts'
import { clockTime } from '../lib/format.ts'
import { apiKey, keyWanted, lastAnswer, reachable } from '../lib/session.ts'

const EVERY_MS = 2_000

/** Whether the API answers; while it does not, when it last did, and a try every two seconds. */
export const Connection = () => {
  const away = !reachable.value
  useEffect(() => {
    if (!away) return
    // Not about being ready: whoever says so has answered. Its failure is what is shown already.
    const timer = setInterval(() => void call('/healthz').catch(() => undefined), EVERY_MS)
    return () => clearInterval(timer)
  }, [away])

  const forget = () => {
    apiKey.value = null
    keyWanted.value = true
  }
  const since = lastAnswer.value === null ? '' : ` since ${clockTime(lastAnswer.value)}`
  return (
    <div class="connection">
      <p role="status" class={away ? 'away' : 'there'}>
        <span aria-hidden="true">{away ? '○' : '●'}</span>{' '}
        {away ? `No connection${since}; trying again` : 'Connected'}
      </p>
      {apiKey.value !== null && (
        <button type="button" class="plain" onClick={forget}>
          Forget key
        </button>
      )}
    </div>
  )
}
