import { useState } from 'preact/hooks'
import { ApiError, call } from '../lib/api.ts'
import { useAction } from '../lib/load.ts'
import { apiKey, keyWanted } from '../lib/session.ts'
import { Panel } from './panel.tsx'
import { Failure } from './states.tsx'

const isRefused = (error: Error): boolean => error instanceof ApiError && error.status === 401

/** Asks for an API key, and tries it. It is kept in memory, so a reload asks again. */
export const KeyForm = () => {
  const [text, setText] = useState('')
  // What was accepted until now, was revoked or has expired.
  const [lapsed] = useState(apiKey.peek() !== null)
  const trying = useAction(async () => {
    apiKey.value = text.trim()
    try {
      await call('/payments?limit=1')
    } catch (error) {
      // A key that may not read this may do other things.
      if (!(error instanceof ApiError) || error.status === 401) {
        apiKey.value = null
        throw error
      }
    }
    keyWanted.value = false
  })
  const use = (event: Event) => {
    event.preventDefault()
    void trying.run()
  }
  const refused = trying.error ? isRefused(trying.error) : lapsed && !trying.busy
  return (
    <Panel title="An API key, please" class="narrow">
      <p>
        This service wants a key. It stays in this page’s memory and is gone when you reload it or close it.
        Make one with <code>bun run keys create</code>.
      </p>
      {refused && (
        <p class="problem" role="alert">
          That key is not accepted: it is wrong, revoked or expired.
        </p>
      )}
      {trying.error && !refused && <Failure error={trying.error} />}
      <form onSubmit={use}>
        <label>
          API key
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            required
            pattern="\s*[!-~]+\s*"
            title="Letters, digits and signs, without blanks"
            placeholder="rl_live_…"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={trying.busy}>
          {trying.busy ? 'Trying it…' : 'Use this key'}
        </button>
      </form>
    </Panel>
  )
}
