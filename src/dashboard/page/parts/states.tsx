import type { ComponentChildren } from 'preact'
import { ApiError, Unreachable } from '../lib/api.ts'
import type { Loaded } from '../lib/load.ts'

export const Loading = ({ what }: { what: string }) => (
  <p class="state" role="status">
    <span class="spinner" aria-hidden="true" /> Loading {what}…
  </p>
)

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="state empty">
    <p class="state-title">{title}</p>
    {children}
  </div>
)

const hint = (error: Error): string | null => {
  if (error instanceof Unreachable)
    return 'Is the service running? This page tries again by itself as soon as it answers.'
  if (error instanceof ApiError && error.status === 403)
    return 'Your key lacks the scope for this. Forget it, and give one that has it.'
  return null
}

/** What went wrong, in the API's own words. The id under which its log has it is another each time, and not said aloud. */
export const Failure = ({ error, retry }: { error: Error; retry?: () => void }) => (
  <div class="state failure">
    <div role="alert">
      <p class="state-title">{error.message}</p>
      {error instanceof ApiError && error.body.details && (
        <ul>
          {error.body.details.map(({ path, message }) => (
            <li key={path + message}>
              <code>{path.replace(/^\//, '')}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {hint(error) && <p>{hint(error)}</p>}
    </div>
    {error instanceof ApiError && error.body.request_id && (
      <p class="quiet">
        {error.body.error}, request <code>{error.body.request_id}</code>
      </p>
    )}
    {retry && (
      <button type="button" onClick={retry}>
        Try again
      </button>
    )}
  </div>
)

interface LoadedViewProps<T> {
  of: Loaded<T>
  /** For the sentence "Loading …". */
  what: string
  children(data: T): ComponentChildren
}

/** What was loaded; before that how it is coming along, and beside old data why there is no newer. */
export const LoadedView = <T,>({ of, what, children }: LoadedViewProps<T>) => {
  if (of.data === null)
    return of.error ? <Failure error={of.error} retry={of.reload} /> : <Loading what={what} />
  return (
    <>
      {of.error && !(of.error instanceof Unreachable) && <Failure error={of.error} retry={of.reload} />}
      {children(of.data)}
    </>
  )
}
