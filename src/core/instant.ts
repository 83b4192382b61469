import { AppError } from './errors.ts'

const RFC_3339 = /^\d{4}-\d\d-(\d\d)([T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/i

/**
 * The time in a query parameter. Throws VALIDATION_ERROR for what Date alone takes too: times of no zone, days of no
 * calendar, and years that PostgreSQL reads otherwise.
 */
export const parseInstant = (name: string, text: string): Date => {
  const time = new Date(text)
  const year = time.getUTCFullYear()
  const [, day] = RFC_3339.exec(text) ?? []
  const exists = new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === Number(day)
  if (exists && year >= 1 && year <= 9999) return time
  const message = 'must be an ISO 8601 date and time with a zone (query parameter)'
  throw new AppError('VALIDATION_ERROR', `/${name} ${message}`, [{ path: `/${name}`, message }])
}
