import { AppError, invalid } from './errors.ts'
import { isUuid } from './ids.ts'

/** The ids of one kind of thing as callers see them: a prefix and a UUID. */
export const publicIds = (noun: string, prefix: string) => {
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

export type PublicIds = ReturnType<typeof publicIds>

/** The UUID in a query parameter, undefined without one. Throws VALIDATION_ERROR when it cannot be one of ours. */
export const idParameter = (kind: PublicIds, name: string, value: string | undefined): string | undefined => {
  const id = value === undefined ? undefined : kind.parse(value)
  if (id === null)
    throw invalid(`/${name}`, `must be ${name === 'cursor' ? 'a next_cursor' : 'an id'} (query parameter)`)
  return id
}
