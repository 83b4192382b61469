import { invalid } from './errors.ts'

const RFC_3339 = /^\d{4}-\d\d-(\d\d)([T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/i

/**
 * The time that a text names, or null for what Date alone takes too: times of no zone, days of no calendar, and years
 * that PostgreSQL reads otherwise.
 */
const instantOf = (text: string): Date | null => {
  const time = new Date(text)
  const year = time.getUTCFullYear()
  const [, day] = RFC_3339.exec(text) ?? []
  const exists = new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === Number(day)
  return exists && year >= 1 && year <= 9999 ? time : null
}

const WANTED = 'must be an ISO 8601 date and time with a zone'

/** The time in a query parameter. Throws VALIDATION_ERROR for what is none. */
export const parseInstant = (name: string, text: string): Date => {
  const time = instantOf(text)
  if (!time) throw invalid(`/${name}`, `${WANTED} (query parameter)`)
  return time
}

/** The time in a field of a body, by its JSON Pointer. Throws VALIDATION_ERROR for what is none. */
export const parseTime = (path: string, text: string): Date => {
  const time = instantOf(text)
  if (!time) throw invalid(path, WANTED)
  return time
}
