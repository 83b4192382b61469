import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import pino from 'pino'
import { type Harness, startHarness } from '../support/harness.ts'
import { claim, drive, pay, quoted, turn } from './support.ts'

type Line = Record<string, unknown> & { level: string; msg: string }

let harness: Harness
const lines: Line[] = []
const changes = () => lines.filter(({ msg }) => msg === 'payment changed')

beforeAll(async () => {
  const log = pino(
    { level: 'info', formatters: { level: (level) => ({ level }) } },
    { write: (text: string) => void lines.push(JSON.parse(text)) },
  )
  harness = await startHarness({ log })
})
beforeEach(() => void lines.splice(0))
afterAll(() => harness.stop())

/** Lets the hooks run that Elysia defers until the answer is out. */
const answered = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A payment that has ended, with a mark as one has whose payout came back. */
const marked = async (): Promise<string> => {
  const id = await pay(harness)
  await drive(harness, [id])
  await harness.database.sql`update payments set exception = 'needs_review' where id = ${id}`
  return id
}

/** A payment whose steps kept failing, which the reconciler marks and takes up again. */
const rescued = async (): Promise<void> => {
  const id = await pay(harness)
  const { sql } = harness.database
  await sql`update payments set updated_at = now() - interval '2 minutes' where id = ${id}`
  await sql`delete from pgboss.job where singleton_key = ${id}`
  await harness.boss.send('payment_dead', { account_id: 'demo', payment_id: id })
  expect(await harness.services.payments.rescue()).toBe(1)
  await drive(harness, [id])
}

describe('the log tells each payment’s story', () => {
  test('one line for each row of the audit trail, whoever wrote it, and none besides', async () => {
    const sources = ['payer', 'refuse_onramp', 'fail_onramp', 'timeout_onramp_once', 'busy_onramp_once']
    const targets = ['refuse_offramp', 'fail_offramp_once', 'drop_offramp']
    const ids = [
      ...(await Promise.all(sources.map((source) => pay(harness, source)))),
      ...(await Promise.all(targets.map((target) => pay(harness, 'payer', target)))),
    ]
    const cancelled = await pay(harness)
    expect((await harness.call('POST', `/payments/${cancelled}/cancel`)).status).toBe(200)
    await drive(harness, ids)
    await rescued()
    const reviewed = await marked()
    await harness.call('POST', `/payments/${reviewed}/review`, { note: 'hidden note' })

    const audit = await harness.database.sql`
      select payment_id, account_id, version, from_status as from, to_status as to, exception, provider, leg, attempt,
        job_id, request_id
      from payment_audit order by payment_id, version`
    const told = changes()
      .map(({ payment_id, account_id, version, from, to, exception, ...line }) => ({
        ...{ payment_id, account_id, version, from, to, exception },
        provider: line.provider ?? null,
        leg: line.leg ?? null,
        attempt: line.attempt ?? null,
        job_id: line.job_id ?? null,
        request_id: line.request_id ?? null,
      }))
      .sort((a, b) => (`${a.payment_id} ${a.version}` < `${b.payment_id} ${b.version}` ? -1 : 1))
    expect(audit.length).toBeGreaterThan(30)
    expect(told).toEqual([...audit] as typeof told)
  })

  test('failures, refusals and what a person must look at are warnings; nothing else is', async () => {
    const levelsOf = (id: string) =>
      changes().flatMap(({ payment_id, to, level }) => (payment_id === id ? [`${to} ${level}`] : []))
    const good = await pay(harness)
    const failed = await pay(harness, 'fail_onramp')
    const refused = await pay(harness, 'refuse_onramp_once')
    await drive(harness, [good, failed, refused])
    const stuck = await pay(harness, 'fail_offramp', 'refuse_refund')
    while (!changes().some(({ exception }) => exception === 'needs_review')) await turn(harness)

    const [start, ...rest] = ['PENDING', 'ONRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'COMPLETED']
    const smooth = rest.map((status) => `${status} info`)
    expect(levelsOf(good)).toEqual([`${start} info`, ...smooth])
    expect(levelsOf(refused)).toEqual([`${start} info`, `${start} warn`, ...smooth])
    expect(levelsOf(failed)).toEqual([`${start} info`, 'ONRAMP_PENDING info', 'FAILED warn'])
    // Each refusal of the last leg is one, the refund's is the last.
    expect(levelsOf(stuck).slice(-5)).toEqual([
      ...['OFFRAMP_PENDING info', 'ONRAMP_COMPLETE warn', 'OFFRAMP_PENDING info'],
      ...['REFUND_PENDING warn', 'REFUND_PENDING warn'],
    ])
    await harness.database.sql`update payments set ended_at = now() where id = ${stuck}`
    await harness.database.sql`delete from pgboss.job where singleton_key = ${stuck}`
  })

  test('a line says how long the payment was as it was before', async () => {
    const id = await pay(harness)
    await harness.database.sql`update payments set updated_at = now() - interval '1 hour' where id = ${id}`
    await drive(harness, [id])
    const [accepted, sent, settled] = changes().map(({ duration_ms }) => duration_ms)
    expect(accepted).toBeUndefined()
    expect(sent).toBeGreaterThanOrEqual(3_600_000)
    expect(settled).toBeLessThan(3_600_000)
  })

  test('a change that is not committed has no line; the payment that the database refuses is named', async () => {
    const [good, bad] = [await pay(harness), await pay(harness)]
    const { sql } = harness.database
    lines.splice(0)
    await sql.unsafe(
      `alter table payment_audit add constraint refused check (payment_id <> '${bad}') not valid`,
    )
    const jobs = await claim(harness)
    expect(jobs).toHaveLength(2)
    await expect(harness.services.runSteps(jobs)).rejects.toThrow()
    await sql.unsafe('alter table payment_audit drop constraint refused')
    await harness.boss.fail('payment', jobs)
    expect(changes().map(({ payment_id }) => payment_id)).toEqual([good])
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
      { payment_id: bad, account_id: 'demo' },
    ])
    await drive(harness, [good, bad])
  })

  test('no name of an account, words of a provider or note of a person is in it', async () => {
    await drive(harness, [
      await pay(harness, 'refuse_onramp:hidden'),
      await pay(harness, 'x', 'fail_offramp:hidden'),
    ])
    await harness.call('POST', `/payments/${await marked()}/review`, { note: 'hidden note' })
    const { sql } = harness.database
    const [row] = await sql<
      { reason: string }[]
    >`select reason from payment_audit where reason is not null limit 1`
    expect(row?.reason.length).toBeGreaterThan(3)
    expect(JSON.stringify(lines)).not.toContain('hidden')
    expect(JSON.stringify(lines)).not.toContain(row?.reason ?? '')
  })
})

describe('the lines of a request name the payment', () => {
  const lineOf = (request_id: string) => lines.filter((line) => line.request_id === request_id)

  test('that it has made, in the same request as the payment’s first line', async () => {
    const body = await quoted(harness)
    const answer = await harness.call('POST', '/payments', body, { 'x-request-id': 'made-1' })
    await answered()
    const { payment_id } = answer.body
    expect(lineOf('made-1')).toMatchObject([
      { msg: 'payment changed', payment_id },
      { msg: 'request', payment_id, status: 202 },
    ])
    await drive(harness, [payment_id])
  })

  test('that its path names, on every such route, served or refused', async () => {
    const id = await pay(harness)
    await drive(harness, [id])
    const { body } = await harness.call('GET', '/openapi.json')
    const routes = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      path.startsWith('/payments/{id}')
        ? Object.keys(methods).map((method) => [method.toUpperCase(), path])
        : [],
    )
    expect(routes.length).toBeGreaterThan(5)
    for (const [index, [method = '', path = '']] of routes.entries()) {
      const request = `named-${index}`
      await harness
        .call(method, path.replace('{id}', id), method === 'GET' ? undefined : {}, {
          'x-request-id': request,
          'content-type': 'application/json',
        })
        .catch(() => undefined)
      await answered()
      expect([path, lineOf(request).map(({ payment_id }) => payment_id)]).toEqual([path, [id]])
    }
  })

  test('also when it fails, and nothing that is not the id of a payment is repeated', async () => {
    const { sql } = harness.database
    const id = await pay(harness)
    await sql.unsafe('alter table payment_audit rename to hidden_away')
    await harness.call('GET', `/payments/${id}`, undefined, { 'x-request-id': 'failed-1' })
    await sql.unsafe('alter table hidden_away rename to payment_audit')
    await harness.call('GET', '/payments/hidden-word', undefined, { 'x-request-id': 'odd-1' })
    await answered()
    expect(lineOf('failed-1')).toMatchObject([
      { msg: 'request failed', payment_id: id },
      { msg: 'request', payment_id: id, status: 500 },
    ])
    expect(lineOf('odd-1')).toMatchObject([{ msg: 'request', status: 404 }])
    expect(JSON.stringify(lineOf('odd-1'))).not.toContain('hidden-word')
    await drive(harness, [id])
  })
})
