import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { hasPgbouncer, startPgbouncer } from '../support/pgbouncer.ts'
import { damageIn } from './books.ts'
import { startLoad } from './load.ts'
import { freePort, killServices, runProgram, type Service, startService, until, urlOf } from './service.ts'

/** Far fewer than the processes hold, so that each transaction gets another connection than the one before. */
const CONNECTIONS = 3
const PAYMENTS = 90

describe.skipIf(!hasPgbouncer)('behind PgBouncer in transaction mode', () => {
  let database: TestDatabase
  let pooler: Awaited<ReturnType<typeof startPgbouncer>>
  let settings: Record<string, string>
  let key: string
  const services: Service[] = []

  beforeAll(async () => {
    // Not to be counted among those that it looks at.
    database = await testDatabase({ settings: { application_name: 'observer' } })
    pooler = await startPgbouncer(database.url, CONNECTIONS)
    settings = {
      DATABASE_URL: pooler.url,
      DATABASE_DIRECT_URL: database.url,
      DATABASE_POOLER: 'transaction',
    }
    const made = await runProgram(['src/accounts/cli.ts', 'create', 'shop', 'read,write,admin'], settings)
    key = made.out.trim()
  }, 60_000)
  afterAll(async () => {
    await killServices()
    await pooler.stop()
    await database.drop()
  })

  const completed = async (): Promise<number> => {
    const [row] = await database.sql`select count(*)::int as done from payments where status = 'COMPLETED'`
    return row?.done
  }

  test('three processes share a few connections, every payment completes, and the books agree', async () => {
    const api = startService({ ...settings, ROLE: 'api', PORT: String(await freePort()) })
    const url = await urlOf(api)
    services.push(api)
    for (let n = 0; n < 2; n++) services.push(startService({ ...settings, ROLE: 'worker' }))

    await using load = startLoad({ url, key, clients: 8, most: PAYMENTS })
    let most = 0
    await api.until(async () => {
      const [row] = await database.sql`
        select count(*)::int as open from pg_stat_activity
        where datname = current_database() and application_name in ('ratelock', 'ratelock-queue')`
      most = Math.max(most, row?.open ?? 0)
      return load.accepted.size === PAYMENTS
    })
    await load.stop()
    await until(async () => (await completed()) === PAYMENTS)

    expect(load.wrong).toEqual([])
    expect([load.count.hung, load.count.cut, load.count.unavailable]).toEqual([0, 0, 0])
    expect(load.count.replayed).toBeGreaterThan(0)
    expect(await damageIn(database.sql)).toEqual({})
    for (const { written } of services) expect(written.out).not.toMatch(/"level":"(error|fatal)"/)
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(CONNECTIONS)
  }, 60_000)

  test('a stream tells of a payment as it happens', async () => {
    const [api] = services
    const url = await urlOf(api as Service)
    const headers = { authorization: `Bearer ${key}` }
    const stream = await fetch(`${url}/payments/events`, { headers })
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    const load = startLoad({ url, key, clients: 1, most: 1 })
    let heard = ''
    while (!heard.includes('"status":"COMPLETED"')) heard += (await reader?.read())?.value ?? ''
    await load.stop()
    await reader?.cancel()
  }, 30_000)
})
