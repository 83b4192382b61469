import { useEffect } from 'preact/hooks'
import { call } from '../lib/api.ts'
import { clockTime } from '../lib/format.ts'
import { apiKey, keyWanted, lastAnswer, reachable } from '../lib/session.ts'

const EVERY_MS = 2_000
/** After this long without an answer nobody knows whether there would be one. */
const QUIET_MS = 8_000

const ask = (): void => {
  // Only whether there is an answer: a failure is noted where every answer is.
  void call('/healthz', { anonymous: true }).catch(() => undefined)
}

const lookAgain = (): void => {
  const quiet = Date.now() - (lastAnswer.peek() ?? 0)
  if (!document.hidden && (reachable.peek() !== true || quiet > QUIET_MS)) ask()
}

/** Whether the API answers; while it does not, when it last did, and a try every two seconds. */
export const Connection = () => {
  useEffect(() => {
    const lost = () => {
      reachable.value = false
    }
    ask()
    const timer = setInterval(lookAgain, EVERY_MS)
    addEventListener('offline', lost)
    addEventListener('online', ask)
    return () => {
      clearInterval(timer)
      removeEventListener('offline', lost)
      removeEventListener('online', ask)
    }
  }, [])

  const forget = () => {
    apiKey.value = null
    keyWanted.value = true
  }
  const since = lastAnswer.value === null ? '' : ` since ${clockTime(lastAnswer.value)}`
  const there = reachable.value
  return (
    <div class="connection">
      <p role="status" class={there === false ? 'away' : 'there'}>
        <span aria-hidden="true">{there === true ? '●' : '○'}</span>{' '}
        {there === null ? 'Connecting' : there ? 'Connected' : `No connection${since}; trying again`}
      </p>
      {apiKey.value !== null && !keyWanted.value && (
        <button type="button" class="plain" onClick={forget}>
          Forget key
        </button>
      )}
    </div>
  )
}
