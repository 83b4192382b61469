import { AppError } from '../core/errors.ts'
import { isUuid } from '../core/ids.ts'

const kind = (noun: string, prefix: string) => {
  const parse = (publicId: string): string | null => {
    const id = publicId.startsWith(prefix) ? publicId.slice(prefix.length) : ''
    return isUuid(id) ? id : null
  }
  return {
    /** The id as callers see it. */
    show: (id: string): string => prefix + id,
    /** The UUID in a public id, or null when it cannot be one of ours. */
    parse,
    notFound: (publicId: string): AppError =>
      new AppError('NOT_FOUND', `There is no ${noun} ${publicId.slice(0, 64)}`),
  }
}

export const endpointIds = kind('webhook endpoint', 'we_')
export const eventIds = kind('event', 'evt_')
export const deliveryIds = kind('delivery', 'wd_')

type Kind = ReturnType<typeof kind>

/** A VALIDATION_ERROR about one field. */
export const invalid = (path: string, message: string): AppError =>
  new AppError('VALIDATION_ERROR', `${path} ${message}`, [{ path, message }])

/** The UUID in a query parameter, undefined without one. Throws VALIDATION_ERROR when it cannot be one of ours. */
export const idParameter = (kindOf: Kind, name: string, value: string | undefined): string | undefined => {
  const id = value === undefined ? undefined : kindOf.parse(value)
  if (id === null)
    throw invalid(`/${name}`, `must be ${name === 'cursor' ? 'a next_cursor' : 'an id'} (query parameter)`)
  return id
}

/** Cuts one row more than the limit down to a page. Its cursor is the public id of its last row. */
export const toPage = <Row extends { id: string }, View>(
  rows: readonly Row[],
  limit: number,
  kindOf: Kind,
  view: (row: Row) => View,
): { data: View[]; next_cursor: string | null } => {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { data: page.map(view), next_cursor: rows.length > limit && last ? kindOf.show(last.id) : null }
}
