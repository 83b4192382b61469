import type { Sql } from '../../db/client.ts'
import { SAMPLE } from '../../market/lock-price.ts'
import type { Agenda } from './agenda.ts'
import { drawMids, type SampleMid } from './mids.ts'
import type { Played } from './played.ts'

const record = async (sql: Sql, mids: readonly SampleMid[]): Promise<void> => {
  const rows = mids.map(({ currency, publishedAt: at, fiatPerUsd: mid }) => ({ currency, at, mid }))
  await sql`
    insert into market_mids (currency, source, published_at, fiat_per_usd, recorded_at)
    select currency, ${SAMPLE}, to_timestamp(at / 1000), mid::numeric, to_timestamp(at / 1000)
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as m (currency text, at float8, mid text)`
}

/** Records the sample's mids, each when its day comes, so that every lock is priced on what was known then. */
export const publishMids = async (
  { sql, services, clock }: Played,
  agenda: Agenda,
  seed: string,
  end: number,
): Promise<void> => {
  const mids = drawMids(seed, end)
  const now = clock.now()
  await record(
    sql,
    mids.filter(({ publishedAt }) => publishedAt <= now),
  )
  await services.lockPrice.load()
  for (const [at, published] of Map.groupBy(mids, ({ publishedAt }) => publishedAt))
    if (at > now)
      agenda.add(at, async () => {
        await record(sql, published)
        await services.lockPrice.load()
      })
}
