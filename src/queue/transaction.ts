import type { Db as QueueDb } from 'pg-boss'
import type { Tx } from '../db/client.ts'

/** Lets a pg-boss call take part in a transaction of the domain, prepared so that it is one round trip. */
export const inTransaction = (tx: Tx): QueueDb => ({
  executeSql: async (text, values = []) => ({
    rows: await tx.unsafe(text, values as never[], { prepare: values.length > 0 }),
  }),
})
