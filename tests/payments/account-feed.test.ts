import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { sealAudit } from '../../src/audit/seal.ts'
import type { Sql, Tx } from '../../src/db/client.ts'
import { createPaymentFeed, type FeedDeps } from '../../src/payments/feed/feed.ts'
import { createPaymentStore } from '../../src/payments/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { change, payAs } from '../audit/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { type Listener, listen, paymentIn } from './listener.ts'
import { drive, pay } from './support.ts'

let harness: Harness
let sql: Sql
beforeAll(async () => {
  harness = await startHarness()
  sql = harness.database.sql
})
afterAll(() => harness.stop())
// What a test leaves on its way would move in the next one too.
beforeEach(async () => {
  const live = await sql<{ id: string }[]>`select id from payments where ended_at is null`
  const ids = live.map(({ id }) => id)
  await drive(harness, ids)
})

/** A feed as another process has one: nothing tells it when something changes here. */
const otherFeed = (change: Partial<FeedDeps> = {}) =>
  createPaymentFeed({
    sql,
    store: createPaymentStore(harness.database),
    log: createLogger({ level: 'silent', pretty: false }),
    most: { perAccount: 100, perProcess: 100 },
    ...change,
  })

const listening = (since: number | null = null, feed = harness.services.feed) => listen(feed, since)

/** A stream that has begun. */
const begun = async (since: number | null = null, feed = harness.services.feed) => {
  const listener = listening(since, feed)
  const [ready] = await listener.take(1)
  expect(ready).toMatchObject({ event: 'ready', data: {} })
  return { ...listener, place: ready?.id ?? Number.NaN }
}

const changed = async (id: string, at: Sql | Tx = sql): Promise<void> => {
  await change(at, id, 'changed')
  harness.services.feed.look()
}

const headOf = async (account = 'demo'): Promise<number> => {
  const [row] = await sql<{ head: number }[]>`
    select coalesce(max(seq), 0)::int as head from audit_seals where account_id = ${account}`
  return row?.head ?? Number.NaN
}

/** What the next event says of a payment. */
const told = async (listener: Pick<Listener, 'take'>) => {
  const [event] = await listener.take(1)
  const { payment_id, sequence } = paymentIn(event ?? { event: 'ready', data: {} })
  return [payment_id, sequence] as const
}

/** That a stream has nothing more to say: the next that it says is a change made now. */
const expectSilent = async (...listeners: readonly Pick<Listener, 'take' | 'leave'>[]): Promise<void> => {
  const marker = await pay(harness)
  harness.services.feed.look()
  for (const listener of listeners) expect(await told(listener)).toEqual([marker, 1])
}

describe('the changes of an account’s payments', () => {
  test('are told from ready on, as the list shows the payment, up to its end', async () => {
    const before = await pay(harness)
    await drive(harness, [before])
    const listener = await begun()
    const id = await pay(harness, 'fail_offramp_once')
    await drive(harness, [id])
    const told = await listener.until(({ payment_id, status }) => payment_id === id && status === 'COMPLETED')
    expect(told.every(({ payment_id }) => payment_id === id)).toBe(true)
    const sequences = told.map(({ sequence }) => sequence)
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b))
    const { data } = (await harness.call('GET', '/payments?limit=1')).body
    expect(told.at(-1)).toEqual(data[0])
    await changed(before)
    expect(await listener.until(({ payment_id }) => payment_id === before)).toMatchObject([{ sequence: 6 }])
    await listener.leave()
  })

  test('are told again to nobody, neither by later looks nor when they are sealed', async () => {
    const listener = await begun()
    const id = await pay(harness)
    expect(await told(listener)).toEqual([id, 1])
    await sealAudit(sql)
    await expectSilent(listener)
    await listener.leave()
  })

  test('are the newest state alone for a client that reads slowly', async () => {
    const [slow, quick] = [await begun(), await begun()]
    const [id, other] = [await pay(harness), await pay(harness)]
    await drive(harness, [id, other])
    for (const open = new Set([id, other]); open.size > 0; ) {
      const payments = await quick.until(({ status }) => status === 'COMPLETED')
      for (const { payment_id, status } of payments) if (status === 'COMPLETED') open.delete(payment_id)
    }
    const summaries = (await slow.take(2)).map(paymentIn)
    expect(new Set(summaries.map(({ payment_id }) => payment_id))).toEqual(new Set([id, other]))
    for (const { status, sequence } of summaries) expect([status, sequence]).toEqual(['COMPLETED', 5])
    await expectSilent(slow, quick)
    for (const { leave } of [slow, quick]) await leave()
  })

  test('of another account are not told', async () => {
    const [mine, theirs] = [await begun(), listen(harness.services.feed, null, 'stranger')]
    await theirs.take(1)
    const own = await pay(harness)
    const other = await payAs(harness, 'stranger')
    harness.services.feed.look()
    expect(await told(theirs)).toEqual([other, 1])
    expect(await told(mine)).toEqual([own, 1])
    await sealAudit(sql)
    await changed(other)
    expect(await told(theirs)).toEqual([other, 2])
    await expectSilent(mine)
    // A place in one account’s chain is none in another’s.
    const resumed = listen(harness.services.feed, 0, 'stranger')
    expect((await resumed.take(2)).map(({ event }) => event)).toEqual(['ready', 'payment'])
    for (const { leave } of [mine, theirs, resumed]) await leave()
  })
})

describe('nothing is missed', () => {
  test('of what commits late, when what came after it was told and sealed long before', async () => {
    const [late, soon] = [await pay(harness), await pay(harness)]
    const [written, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const transaction = sql.begin(async (tx) => {
      await change(tx, late, 'late')
      written.resolve()
      await released.promise
    })
    await written.promise
    const stays = await begun()
    await changed(soon)
    await sealAudit(sql)
    expect(await told(stays)).toEqual([soon, 2])
    await changed(soon)
    const [event] = await stays.take(1)
    // Everything that was there is sealed and said.
    expect(event?.id).toBe(await headOf())
    const resumes = await begun(event?.id)
    released.resolve()
    await transaction
    harness.services.feed.look()
    expect(await told(stays)).toEqual([late, 2])
    // The other one's is not sealed yet, so it cannot be known whether it was heard.
    const payments = await resumes.until(({ payment_id }) => payment_id === late)
    expect(new Set(payments.map(({ payment_id }) => payment_id))).toEqual(new Set([soon, late]))
    await sealAudit(sql)
    const afterSealing = await begun(event?.id)
    const missed = (await afterSealing.take(2)).map((each) => paymentIn(each).payment_id)
    expect(new Set(missed)).toEqual(new Set([soon, late]))
    await expectSilent(stays, resumes, afterSealing)
    for (const { leave } of [stays, resumes, afterSealing]) await leave()
  })

  test('while a client is away, whether it is sealed meanwhile or not, and each change is told once', async () => {
    const [sealed, waiting, both, old] = [
      await pay(harness),
      await pay(harness),
      await pay(harness),
      await pay(harness),
    ]
    await sealAudit(sql)
    const place = await headOf()
    const first = await begun(place)
    await first.leave()
    await changed(sealed)
    await changed(both)
    await sealAudit(sql)
    await changed(waiting)
    await changed(both)
    const resumed = await begun(place)
    expect(resumed.place).toBe(place)
    const events = await resumed.take(3)
    const seen = events.map(paymentIn).map(({ payment_id, sequence }) => [payment_id, sequence])
    expect(new Map(seen as [string, number][])).toEqual(
      new Map([
        [sealed, 2],
        [waiting, 2],
        [both, 3],
      ]),
    )
    // Whoever is interrupted in the middle comes back to the beginning.
    expect(events.map(({ id }) => id)).toEqual([place, place, await headOf()])
    await changed(old)
    expect(await told(resumed)).toEqual([old, 2])
    await expectSilent(resumed)
    await resumed.leave()
  })

  test('in the process that starts in place of another', async () => {
    const [before, after] = [otherFeed(), otherFeed()]
    const listener = await begun(null, before)
    const id = await pay(harness)
    const [event] = await listener.take(1)
    before.close()
    expect(await listener.next()).toBeUndefined()
    await changed(id)
    await sealAudit(sql)
    const resumed = await begun(event?.id ?? 0, after)
    const payments = await resumed.until(({ payment_id }) => payment_id === id)
    expect(payments.at(-1)?.sequence).toBe(2)
    after.close()
  })

  test('of what another process does', async () => {
    const feeds = [otherFeed(), otherFeed()]
    const listeners = await Promise.all(feeds.map((feed) => begun(null, feed)))
    const id = await pay(harness)
    await drive(harness, [id])
    for (const listener of listeners) {
      const payments = await listener.until(({ status }) => status === 'COMPLETED')
      expect(payments.every(({ payment_id }) => payment_id === id)).toBe(true)
    }
    for (const feed of feeds) feed.close()
  })

  test.each([
    ['waits for its seal', async () => {}],
    ['was sealed long before', () => sealAudit(sql)],
  ])('of a payment that changes between the look and the reading of it, and %s', async (_name, seal) => {
    const store = createPaymentStore(harness.database)
    const between: (() => Promise<void>)[] = []
    const listByIds = async (account: string, ids: readonly string[]) => {
      await between.shift()?.()
      return store.listByIds(account, ids)
    }
    const feed = otherFeed({ store: { listByIds: listByIds as typeof store.listByIds } })
    await sealAudit(sql)
    const place = await headOf()
    const stays = await begun(null, feed)
    const id = await pay(harness)
    expect(await told(stays)).toEqual([id, 1])
    await seal()
    // Only the one that resumes asks for it.
    between.push(() => change(sql, id, 'meanwhile'))
    const resumes = await begun(place, feed)
    for (const listener of [resumes, stays]) expect(await told(listener)).toEqual([id, 2])
    await expectSilent(resumes, stays)
    feed.close()
  })

  test('when the database does not answer for a while', async () => {
    const failing = { times: 0 }
    const flaky = new Proxy(sql, {
      get: (target, name) =>
        name === 'unsafe' && failing.times-- > 0
          ? () => Promise.reject(new Error('the database is away'))
          : Reflect.get(target, name),
    })
    const feed = otherFeed({ sql: flaky })
    failing.times = 1
    const listener = await begun(null, feed)
    failing.times = 2
    const id = await pay(harness)
    expect(await told(listener)).toEqual([id, 1])
    expect(failing.times).toBeLessThan(1)
    feed.close()
  })
})

describe('a stream', () => {
  test('goes on where its client was, with an account that nobody seals', async () => {
    const id = await payAs(harness, 'unsealed')
    const listener = listen(harness.services.feed, 0, 'unsealed')
    const [ready, first] = await listener.take(2)
    expect([ready?.id, first?.id, first && paymentIn(first).payment_id]).toEqual([0, 0, id])
    await listener.leave()
  })

  test('ends when its client leaves, and the others go on', async () => {
    const [leaves, stays] = [await begun(), await begun()]
    const ended = leaves.next()
    await leaves.leave()
    expect(await ended).toBeUndefined()
    await expectSilent(stays)
    await stays.leave()
    expect(harness.services.feed.followers()).toBe(0)
  })
})
