import { useState } from 'preact/hooks'
import { apiKey, keyWanted } from '../lib/session.ts'
import { Panel } from './panel.tsx'

/** Asks for an API key; it is kept in memory, so a reload asks again. */
export const KeyForm = () => {
  const [text, setText] = useState('')
  const refused = apiKey.value !== null
  const use = (event: Event) => {
    event.preventDefault()
    apiKey.value = text.trim()
    keyWanted.value = false
  }
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
      <form onSubmit={use}>
        <label>
          API key
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            required
            placeholder="rl_live_…"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          Use this key
        </button>
      </form>
    </Panel>
  )
}
