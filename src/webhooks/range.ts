import { and, gte, lt, type SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { parseInstant } from '../core/instant.ts'

/** Creation times that a list is narrowed to: from inclusive, before exclusive. */
export interface Range {
  from?: Date | undefined
  before?: Date | undefined
}

/** The range of a query. Throws VALIDATION_ERROR for what is no time. */
export const rangeOf = (query: {
  created_from?: string | undefined
  created_before?: string | undefined
}): Range => {
  const { created_from: from, created_before: before } = query
  return {
    from: from === undefined ? undefined : parseInstant('created_from', from),
    before: before === undefined ? undefined : parseInstant('created_before', before),
  }
}

/** The condition of a range on a column. */
export const within = (column: PgColumn, { from, before }: Range): SQL | undefined =>
  and(from && gte(column, from), before && lt(column, before))
