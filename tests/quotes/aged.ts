import type { Sql } from '../../src/db/client.ts'

/** Copies a quote as one that expired `seconds` ago: a quote itself can never be changed. Answers the public id. */
export const agedCopy = async (sql: Sql, quoteId: string, seconds: number): Promise<string> => {
  const id = crypto.randomUUID()
  await sql`
    insert into quotes
    select (jsonb_populate_record(q, jsonb_build_object('id', ${id}::text,
      'created_at', now() - ${seconds + 60} * interval '1 second',
      'expires_at', now() - ${seconds} * interval '1 second'))).*
    from quotes q where id = ${quoteId.slice('quote_'.length)}`
  return `quote_${id}`
}
