import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sealAudit } from '../../src/audit/seal.ts'
import type { Sql } from '../../src/db/client.ts'
import { createPaymentFeed } from '../../src/payments/feed/feed.ts'
import { MOST_PAYMENTS } from '../../src/payments/feed/reader.ts'
import { changedSince, MOST_RESUMED, MOST_ROWS } from '../../src/payments/sql/changed.ts'
import { createPaymentStore } from '../../src/payments/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { change } from '../audit/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { copyId, copyPayment } from './copies.ts'
import { type Listener, listen, paymentIn } from './listener.ts'
import { ACCOUNT, pay } from './support.ts'

let harness: Harness
let sql: Sql
let id: string
/** Number of the last copy. */
let copies = 0
beforeAll(async () => {
  harness = await startHarness()
  sql = harness.database.sql
  id = await pay(harness)
  await sealAudit(sql)
})
afterAll(() => harness.stop())

/** Makes so many payments in one transaction. */
const copy = async (count: number): Promise<void> => {
  await copyPayment(sql, id, copies + 1, copies + count)
  copies += count
  harness.services.feed.look()
}

const headOf = async (): Promise<number> => {
  const [row] = await sql<{ head: number }[]>`select max(seq)::int as head from audit_seals`
  return row?.head ?? Number.NaN
}

const changeOne = async (): Promise<void> => {
  await change(sql, id, 'changed')
  harness.services.feed.look()
}

const names = async ({ take }: Listener, count: number) => (await take(count)).map(({ event }) => event)

/** That a stream goes on live. */
const expectLive = async (listener: Listener): Promise<void> => {
  await changeOne()
  const [event] = await listener.take(1)
  expect(event && paymentIn(event).payment_id).toBe(id)
}

test('a stream that resumes is told of as many payments as are bearable, and of one more by reload', async () => {
  const place = await headOf()
  await copy(MOST_PAYMENTS)
  const bearable = listen(harness.services.feed, place)
  await bearable.take(1)
  const ids = (await bearable.take(MOST_PAYMENTS)).map((event) => paymentIn(event).payment_id)
  expect(new Set(ids)).toEqual(
    new Set(Array.from({ length: MOST_PAYMENTS }, (_, index) => copyId(index + 1))),
  )
  await copy(1)
  const tooMany = listen(harness.services.feed, place)
  const [ready, reload] = await tooMany.take(2)
  // Whoever is interrupted between the two still has to load its list.
  expect([ready, reload]).toEqual([
    { id: place, event: 'ready', data: {} },
    { id: await headOf(), event: 'reload', data: {} },
  ])
  await bearable.take(1)
  for (const listener of [bearable, tooMany]) {
    await expectLive(listener)
    await listener.leave()
  }
})

test('a stream that is open hears reload when too much changes at once, and then goes on', async () => {
  const listener = listen(harness.services.feed)
  await listener.take(1)
  await copy(MOST_PAYMENTS + 1)
  expect(await names(listener, 1)).toEqual(['reload'])
  await expectLive(listener)
  await sealAudit(sql)
  await expectLive(listener)
  await listener.leave()
})

describe('a place that cannot be gone on from is answered with ready and reload', () => {
  test('when the chain has not come so far: it is another one', async () => {
    const listener = listen(harness.services.feed, 999_999_999_999_999)
    expect(await names(listener, 2)).toEqual(['ready', 'reload'])
    await expectLive(listener)
    await listener.leave()
  })

  test('when it is old, without reading what was sealed since', async () => {
    await copy(MOST_RESUMED)
    await sealAudit(sql)
    const head = await headOf()
    const looked = async (...resumes: number[]) =>
      (await changedSince(sql, [{ account_id: ACCOUNT, since: null, resumes }]))[0]
    expect((await looked(head - MOST_RESUMED))?.changed).toHaveLength(MOST_RESUMED)
    for (const place of [head - MOST_RESUMED - 1, 0, head + 1, 2 ** 60])
      expect(await looked(place)).toEqual({ account_id: ACCOUNT, head, changed: [] })
    // Another that comes at the same time is told what it missed.
    expect((await looked(0, head - 1, head + 1))?.changed).toHaveLength(1)
    const [old, recent] = [listen(harness.services.feed, 0), listen(harness.services.feed, head - 1)]
    expect(await names(old, 2)).toEqual(['ready', 'reload'])
    expect(await names(recent, 2)).toEqual(['ready', 'payment'])
    for (const listener of [old, recent]) {
      await expectLive(listener)
      await listener.leave()
    }
  })
})

/** Changes one payment so many times in one transaction. */
const age = async (payment: string, times: number): Promise<void> => {
  await sql`
    with aged as (update payments set version = version + ${times} where id = ${payment} returning *)
    insert into payment_audit (account_id, payment_id, version, to_status, exception, actor, message)
    select account_id, id, version - ${times} + n, status, exception, 'test', 'aged'
    from aged, generate_series(1, ${times}::int) n`
  harness.services.feed.look()
}

test('more changes than a look reads, sealed or not, are told by reload, and then the streams go on', async () => {
  await sealAudit(sql)
  let away = false
  const absent = createPaymentFeed({
    sql: new Proxy(sql, {
      get: (target, name) =>
        name === 'unsafe' && away
          ? () => Promise.reject(new Error('the database is away'))
          : Reflect.get(target, name),
    }),
    store: createPaymentStore(harness.database),
    log: createLogger({ level: 'silent', pretty: false }),
    most: { perAccount: 1, perProcess: 1 },
  })
  const [present, left] = [listen(harness.services.feed), listen(absent)]
  for (const listener of [present, left]) await listener.take(1)
  away = true
  // Sealed first, and so the first that a look which reads too little leaves out.
  await change(sql, copyId(1), 'changed')
  await sealAudit(sql)
  await age(copyId(2), MOST_ROWS + 1)
  for (let event = ''; event !== 'reload'; ) [event = ''] = await names(present, 1)
  // While they wait for their seals nobody can tell what changes.
  await changeOne()
  const resumed = listen(harness.services.feed, await headOf())
  expect(await names(resumed, 2)).toEqual(['ready', 'reload'])
  await sealAudit(sql)
  harness.services.feed.look()
  away = false
  absent.look()
  for (const listener of [present, resumed, left]) {
    expect(await names(listener, 1)).toEqual(['reload'])
    await expectLive(listener)
    await listener.leave()
  }
}, 60_000)
