import { signal } from '@preact/signals'

/** The API key, in this page's memory alone: a reload forgets it. Null where none was needed or given yet. */
export const apiKey = signal<string | null>(null)

/** Whether a key has to be given: the service wants one, or does not accept the one it was given. */
export const keyWanted = signal(document.getElementById('app')?.dataset.key === 'needed')

/** When the API last answered, epoch milliseconds; null before it did. */
export const lastAnswer = signal<number | null>(null)

/** Whether requests reach the API; null before the first has come back. */
export const reachable = signal<boolean | null>(null)

/** Takes note that the API has answered, whatever it said. */
export const heard = (): void => {
  lastAnswer.value = Date.now()
  reachable.value = true
}
