import { getTableColumns } from 'drizzle-orm'
import type { Sql } from '../../src/db/client.ts'
import { quotes } from '../../src/db/schema/quotes.ts'

/** The columns of a quote that are written: all but those that the database computes. */
export const QUOTE_COLUMNS = Object.entries(getTableColumns(quotes))
  .filter(([, column]) => column.generated === undefined)
  .map(([name]) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))

/** Copies a quote as one that expired `seconds` ago: a quote itself can never be changed. Answers the public id. */
export const agedCopy = async (sql: Sql, quoteId: string, seconds: number): Promise<string> => {
  const id = crypto.randomUUID()
  await sql`
    insert into quotes (${sql(QUOTE_COLUMNS)})
    select ${sql(QUOTE_COLUMNS)} from (
      select (jsonb_populate_record(q, jsonb_build_object('id', ${id}::text,
        'created_at', now() - ${seconds + 60} * interval '1 second',
        'expires_at', now() - ${seconds} * interval '1 second'))).*
      from quotes q where id = ${quoteId.slice('quote_'.length)}) copy`
  return `quote_${id}`
}
