import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { t } from 'elysia'
import type { PublicIds } from './public-id.ts'
import { Nullable, strict } from './schema.ts'

/** The properties of a query that is paged. */
export const pageProperties = {
  limit: t.Optional(
    t.Numeric({
      minimum: 1,
      maximum: 100,
      multipleOf: 1,
      default: 20,
      description: 'Most entries of a page',
    }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 100, description: 'next_cursor of the page before' })),
}

/** The query of a list that has no filters. */
export const PageQuery = strict(pageProperties)

/** A page of a list, newest first. */
export const pageOf = <T extends TSchema>(entry: T, title: string) =>
  strict(
    {
      data: Type.Array(entry, { description: 'Newest first' }),
      next_cursor: Nullable(Type.String({ description: 'null on the last page' })),
    },
    { title },
  )

/** Cuts one row more than the limit down to a page. Its cursor is the public id of its last row. */
export const toPage = <Row extends { id: string }, View>(
  rows: readonly Row[],
  limit: number,
  kind: PublicIds,
  view: (row: Row) => View,
): { data: View[]; next_cursor: string | null } => {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { data: page.map(view), next_cursor: rows.length > limit && last ? kind.show(last.id) : null }
}

export type PageQuery = Static<typeof PageQuery>
