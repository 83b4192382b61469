import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createPaymentFeed } from '../../src/payments/feed/feed.ts'
import { AUDIT_PAGE, type AuditEntry, type Followed, newerAudit } from '../../src/payments/sql/audit.ts'
import { createPaymentStore } from '../../src/payments/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { ACCOUNT, auditOf, drive, pay, quoted, turn, until } from './support.ts'

let harness: Harness
let port: number
beforeAll(async () => {
  harness = await startHarness()
  harness.app.listen({ port: 0, hostname: '127.0.0.1' })
  port = harness.app.server?.port ?? 0
})
afterAll(async () => {
  await harness.app.stop(true)
  await harness.stop()
})

const CHANGES = [1, 2, 3, 4, 5]
/** Of a follower that stays. */
const { signal } = new AbortController()

const request = (id: string, lastEventId?: string, leaving?: AbortSignal) =>
  new Request(`http://127.0.0.1:${port}/payments/${id}/events`, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    ...(leaving ? { signal: leaving } : {}),
  })

/** The ids of the transitions in a whole stream, once it has ended. */
const idsOf = async (response: Response | Promise<Response>): Promise<number[]> => {
  const text = await (await response).text()
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
}

const stream = (id: string, lastEventId?: string, at = harness): Promise<number[]> =>
  idsOf(Promise.resolve(at.app.handle(request(id, lastEventId))))

const following = (count: number, at = harness): Promise<void> =>
  until(async () => {
    await at.database.sql`select 1`
    return at.services.feed.followers() === count
  })

/** Gives a payment `count` more versions, as one that is long in trouble has. */
const age = async (id: string, count: number): Promise<void> => {
  await harness.database.sql.begin(async (tx) => {
    await tx`
      insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message)
      select account_id, id, version + n, status, status, 'none', 'test', 'still there'
      from payments, generate_series(1, ${count}::int) n where id = ${id}`
    await tx`update payments set version = version + ${count} where id = ${id}`
  })
}

describe('the events of a payment', () => {
  test('come in order, once each, as they are audited, and the stream ends with the payment', async () => {
    const id = await pay(harness, 'fail_offramp_once')
    const response = Promise.resolve(harness.app.handle(request(id)))
    await following(1)
    await drive(harness, [id])
    const answer = await response
    expect(answer.headers.get('content-type')).toStartWith('text/event-stream')
    const blocks = (await answer.text()).trim().split('\n\n')
    const seen = blocks.map((block) => JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? ''))
    const audit = (await auditOf(harness, id)).map(({ version, from_status, to_status }) => ({
      payment_id: id,
      sequence: version,
      from_status,
      to_status,
    }))
    expect(seen).toMatchObject(audit)
    expect(blocks.map((block) => Number(/^id: (\d+)$/m.exec(block)?.[1]))).toEqual(
      audit.map(({ sequence }) => sequence),
    )
    expect(seen[0]).not.toContainKeys(['account_id', 'version'])
    await following(0)
  })

  test('reach every follower once, wherever each of them started', async () => {
    const id = await pay(harness)
    const early = [stream(id), stream(id), stream(id, '0'), stream(id, '1')]
    await following(4)
    await turn(harness)
    await turn(harness)
    const late = [stream(id), stream(id, '2'), stream(id, '3')]
    await following(7)
    await drive(harness, [id])
    const after = (version: number) => CHANGES.filter((change) => change > version)
    expect(await Promise.all([...early, ...late])).toEqual([0, 0, 0, 1, 0, 2, 3].map(after))
  })

  test('of two payments do not mix', async () => {
    const ids = [await pay(harness), await pay(harness, 'refuse_onramp')]
    const streams = ids.map((id) => stream(id))
    await following(2)
    await drive(harness, ids)
    for (const [index, id] of ids.entries())
      expect(await streams[index]).toEqual((await auditOf(harness, id)).map(({ version }) => version))
  })

  test('go on after Last-Event-ID', async () => {
    const id = await pay(harness)
    await turn(harness)
    const resumed = stream(id, '2')
    await following(1)
    await drive(harness, [id])
    expect(await resumed).toEqual([3, 4, 5])
  })

  test('are replayed when the payment has ended, and then the stream closes', async () => {
    const id = await pay(harness)
    await drive(harness, [id])
    expect(await stream(id)).toEqual(CHANGES)
    expect(await stream(id, '3')).toEqual([4, 5])
    for (const none of ['5', '6', '999999999']) expect(await stream(id, none)).toEqual([])
    expect(harness.services.feed.followers()).toBe(0)
  })

  test('end for a client that claims to know a later one', async () => {
    const id = await pay(harness)
    const ahead = stream(id, '999999999')
    await following(1)
    await drive(harness, [id])
    expect(await ahead).toEqual([])
  })

  test('reach the others while one follower claims to know a version that no integer holds', async () => {
    const id = await pay(harness)
    const wild = harness.services.feed.follow(ACCOUNT, id, 99_999_999_999, signal).next()
    const read = stream(id)
    await following(2)
    await drive(harness, [id])
    expect(await read).toEqual(CHANGES)
    expect((await wild).done).toBe(true)
  })
})

/** A feed of its own, and what it has asked the database, look by look. */
const watchedFeed = () => {
  const looks: Followed[][] = []
  const sql = new Proxy(harness.database.sql, {
    get: (target, name) =>
      name === 'unsafe'
        ? (query: string, [followed]: [string], options: object) => {
            looks.push(JSON.parse(followed))
            return target.unsafe(query, [followed], options)
          }
        : Reflect.get(target, name),
  })
  return {
    looks,
    feed: createPaymentFeed({
      sql,
      store: createPaymentStore(harness.database),
      log: createLogger({ level: 'silent', pretty: false }),
      most: { perAccount: 100, perProcess: 100 },
    }),
  }
}

test('followers of one payment ask once, from the least version that one of them lacks', async () => {
  const id = await pay(harness)
  await drive(harness, [id])
  const { looks, feed } = watchedFeed()
  const streams = [1, 3, 0, 4, 2].map((after) => Array.fromAsync(feed.follow(ACCOUNT, id, after, signal)))
  const versions = (await Promise.all(streams)).map((entries) => entries.map((entry) => entry?.version))
  expect(versions).toEqual([[2, 3, 4, 5], [4, 5], CHANGES, [5], [3, 4, 5]])
  expect(looks).toEqual([[{ account_id: ACCOUNT, payment_id: id, after: 0 }]])
})

describe('a follower that reads slowly', () => {
  const LONG = 3 * AUDIT_PAGE + 50

  test('is handed no more before it has read, keeps nobody waiting, and misses nothing in the end', async () => {
    const id = await pay(harness)
    const { looks, feed } = watchedFeed()
    await age(id, 1)
    const slow = feed.follow(ACCOUNT, id, 0, signal)
    const seen = [(await slow.next()).value?.version]
    await age(id, LONG)
    const versions = Array.from({ length: LONG + 2 }, (_, index) => index + 1)
    const quick: (number | undefined)[] = []
    for await (const entry of feed.follow(ACCOUNT, id, 2, signal)) {
      quick.push(entry?.version)
      if (quick.length === LONG) break
    }
    expect(quick).toEqual(versions.slice(2))
    const page = AUDIT_PAGE
    expect(looks.map((asked) => asked.map(({ after }) => after))).toEqual(
      [0, 2, 2 + page, 2 + 2 * page, 2 + 3 * page].map((after) => [after]),
    )
    await harness.database.sql`
      update payments set status = 'CANCELLED', ended_at = now(), version = version + 1 where id = ${id}`
    await harness.database.sql`
      insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message)
      select account_id, id, version, 'PENDING', 'CANCELLED', 'none', 'test', 'over' from payments where id = ${id}`
    for await (const entry of slow) seen.push(entry?.version)
    expect(seen).toEqual([...versions, LONG + 3])
    expect(feed.followers()).toBe(0)
  })

  test('asks for no more than a page, however much has happened', async () => {
    const id = await pay(harness)
    await age(id, LONG)
    const page = (after: number): Promise<AuditEntry[]> =>
      newerAudit(harness.database.sql, [{ account_id: ACCOUNT, payment_id: id, after }])
    expect((await page(0)).map(({ version }) => version)).toEqual(
      Array.from({ length: AUDIT_PAGE }, (_, index) => index + 1),
    )
    expect(await page(LONG)).toHaveLength(1)
    expect(await page(LONG + 1)).toEqual([])
  })
})

describe('following is refused', () => {
  for (const header of ['99999999999', '1234567890', '-1', '+1', '1.5', '1e3', '0x1', 'abc', '1, 2', ''])
    test(`with a Last-Event-ID of '${header}', by name`, async () => {
      const id = await pay(harness)
      const answer = await harness.call('GET', `/payments/${id}/events`, undefined, {
        'last-event-id': header,
      })
      expect(answer).toMatchObject({
        status: 400,
        body: { error: 'VALIDATION_ERROR', details: [{ path: 'last-event-id' }] },
      })
      expect(harness.services.feed.followers()).toBe(0)
    })

  test('for another account’s payment, an unknown one and no id at all, with a 404', async () => {
    const caller = { accountId: 'stranger', requestId: null }
    const theirs = await harness.services.payments.accept(
      caller,
      await quoted(harness, {}, 'stranger'),
      undefined,
    )
    for (const id of [theirs.body.payment_id, crypto.randomUUID(), 'not-a-uuid']) {
      const answer = await harness.call('GET', `/payments/${id}/events`)
      expect(answer).toMatchObject({ status: 404, body: { error: 'NOT_FOUND' } })
    }
    expect(harness.services.feed.followers()).toBe(0)
  })
})

describe('a stream', () => {
  test('that its client leaves, while it waits or in the middle, leaves no follower', async () => {
    const id = await pay(harness)
    const client = new AbortController()
    const middle = await fetch(request(id, undefined, client.signal))
    const reader = middle.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toStartWith('id: 1\n')
    const waiting = fetch(request(id, '1', client.signal))
    await following(2)
    client.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    await following(0)
  })

  test('over a real connection carries every change once, also to two clients', async () => {
    const id = await pay(harness)
    const streams = [fetch(request(id)), fetch(request(id))]
    await following(2)
    await drive(harness, [id])
    expect(await Promise.all(streams.map(idsOf))).toEqual([CHANGES, CHANGES])
  })

  test('ends when the feed closes, and none starts afterwards', async () => {
    const closing = await startHarness()
    try {
      const id = await pay(closing)
      const streams = [stream(id, undefined, closing), stream(id, '1', closing)]
      await following(2, closing)
      closing.services.feed.close()
      await Promise.all(streams)
      expect(closing.services.feed.followers()).toBe(0)
      expect(await stream(id, undefined, closing)).toEqual([])
    } finally {
      await closing.stop()
    }
  })
})
