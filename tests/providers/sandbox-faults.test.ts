import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { derivedUuid } from '../../src/core/ids.ts'
import type { Operation } from '../../src/providers/port.ts'
import { FAULTS, faultOf, parseFaults, SHARE_UNITS } from '../../src/providers/sandbox/faults.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { never, operationWith, sandboxWith, testClock } from './sandbox-fixtures.ts'

const none = parseFaults('')
const everywhere = parseFaults('slow:1')

describe('an account’s name', () => {
  const met = (change: Partial<Operation>) => faultOf(operationWith(change), none, 'seed')

  test.each(Object.keys(FAULTS) as (keyof typeof FAULTS)[])('%s_<leg> hits its leg alone', (fault) => {
    for (const leg of ['onramp', 'offramp', 'refund'] as const)
      for (const named of ['onramp', 'offramp', 'refund'] as const) {
        const expected = leg === named ? fault : null
        expect(met({ leg, sourceAccount: `${fault}_${named}` })).toBe(expected)
        expect(met({ leg, destinationAccount: `${fault}_${named}` })).toBe(expected)
      }
  })

  test('with _once hits the first attempt only', () => {
    expect(met({ sourceAccount: 'refuse_onramp_once' })).toBe('refuse')
    expect(met({ sourceAccount: 'refuse_onramp_once', attempt: 2 })).toBeNull()
    expect(met({ sourceAccount: 'refuse_onramp', attempt: 2 })).toBe('refuse')
  })

  test('of the payer and one of the payee may each hit a leg; on one leg the payer’s wins', () => {
    const accounts = { sourceAccount: 'fail_onramp', destinationAccount: 'refuse_offramp' }
    expect([met(accounts), met({ ...accounts, leg: 'offramp' })]).toEqual(['fail', 'refuse'])
    expect(met({ ...accounts, destinationAccount: 'refuse_onramp' })).toBe('fail')
  })

  test.each(['fail_onramp-42', 'fail_onramp:42', 'fail_onramp_once-a_b', 'fail_onramp_once:'])(
    '%s is made unique by its suffix',
    (sourceAccount) => expect(met({ sourceAccount })).toBe('fail'),
  )

  test.each([
    ...['user_alice', 'fail', 'onramp', 'fail_', 'FAIL_onramp', 'fail_onramp2', 'fail_onramp_twice'],
    ...['my_fail_onramp', 'fail_onrampx', 'fail-onramp', ' fail_onramp', 'explode_onramp'],
  ])('%p is an ordinary one', (sourceAccount) => expect(met({ sourceAccount })).toBeNull())

  test('goes before the shares, which still hit the other legs', () => {
    const operation = operationWith({ sourceAccount: 'fail_onramp' })
    expect(faultOf(operation, everywhere, 'seed')).toBe('fail')
    expect(faultOf({ ...operation, leg: 'offramp' }, everywhere, 'seed')).toBe('slow')
  })
})

describe('SANDBOX_FAULTS', () => {
  test('gives exact shares of a million, in any order', () => {
    expect(parseFaults('slow:0.05, refuse:0.02,drop:0.000001,timeout:0,fail:0.9')).toEqual({
      refuse: 20_000,
      fail: 900_000,
      timeout: 0,
      drop: 1,
      slow: 50_000,
      busy: 0,
      return: 0,
    })
    expect(parseFaults('fail:1').fail).toBe(SHARE_UNITS)
    expect(parseFaults(' ')).toEqual(none)
  })

  test.each([
    ...[
      'fail',
      'fail:',
      'fail:2',
      'fail:1.5',
      'fail:-0.1',
      'fail:.5',
      'fail:5%',
      'fail:1e-3',
      'fail:0.0000001',
    ],
    ...[
      'explode:0.1',
      'fail:0.1,',
      ',',
      'fail:0.1;drop:0.1',
      'fail:0.1,fail:0.1',
      'fail:0.6,drop:0.5',
      'fail:NaN',
    ],
  ])('%p is refused in one line that says what is allowed', (text) => {
    expect(() => parseFaults(text)).toThrow(
      /^SANDBOX_FAULTS must give refuse, busy, fail, timeout, drop, slow, return .+$/,
    )
  })

  test('decides by key: each fault meets its share of operations, the same ones every time', () => {
    const shares = parseFaults('refuse:0.02,fail:0.05,timeout:0.01,drop:0.1,slow:0.2')
    const draw = (seed: string) =>
      Array.from({ length: 2_000 }, (_, n) =>
        faultOf(operationWith({ key: derivedUuid('shares', n) }), shares, seed),
      )
    const met = draw('seed')
    const count = (fault: string) => met.filter((one) => one === fault).length
    expect(draw('seed')).toEqual(met)
    expect(draw('other')).not.toEqual(met)
    // Loose: about four standard deviations either way.
    expect(count('refuse')).toBeWithin(15, 66)
    expect(count('fail')).toBeWithin(60, 141)
    expect(count('timeout')).toBeWithin(3, 39)
    expect(count('drop')).toBeWithin(146, 255)
    expect(count('slow')).toBeWithin(328, 473)
  })

  test('that is empty leaves every operation alone', () => {
    for (let n = 0; n < 200; n++) expect(faultOf(operationWith(), none, `${n}`)).toBeNull()
  })
})

describe('in the sandbox', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterAll(() => database.drop())
  const make = (faults = none) => {
    const clock = testClock()
    return { clock, sandbox: sandboxWith({ sql: database.sql, clock, faults }) }
  }

  test('slow settles five times later, though the answer promises no less', async () => {
    const { clock, sandbox } = make(everywhere)
    const operation = operationWith()
    expect(await sandbox.initiate(operation, never)).toMatchObject({ kind: 'accepted', checkAfterMs: 90_000 })
    clock.nowMs += 449_999
    expect((await sandbox.status(operation, never)).kind).toBe('accepted')
    clock.nowMs += 150_001
    expect((await sandbox.status(operation, never)).kind).toBe('done')
  })

  test('a refusal and a failure name themselves; only one that is busy may be worth another try', async () => {
    const { clock, sandbox } = make()
    const refused = operationWith({ sourceAccount: 'refuse_onramp' })
    expect(await sandbox.initiate(refused, never)).toMatchObject({ kind: 'refused', reason: 'route' })
    const busy = operationWith({ sourceAccount: 'busy_onramp' })
    expect(await sandbox.initiate(busy, never)).toMatchObject({ kind: 'refused', reason: 'temporary' })
    const failed = operationWith({ sourceAccount: 'fail_onramp' })
    await sandbox.initiate(failed, never)
    clock.nowMs += 120_000
    const reference = `sbx_onramp_${failed.key.slice(-12)}`
    expect(await sandbox.status(failed, never)).toEqual({
      kind: 'refused',
      reason: 'route',
      message: 'failed at settlement by a sandbox fault',
      reference,
    })
  })

  test('a payout that comes back is done first, for a day, and refused from then on', async () => {
    const { clock, sandbox } = make()
    const operation = operationWith({ leg: 'offramp', destinationAccount: 'return_offramp' })
    await sandbox.initiate(operation, never)
    clock.nowMs += 120_000
    expect((await sandbox.status(operation, never)).kind).toBe('done')
    clock.nowMs += 86_400_000
    expect(await sandbox.status(operation, never)).toMatchObject({
      kind: 'refused',
      message: 'returned by the bank, by a sandbox fault',
    })
    const window = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER / 1_000 }
    const states: string[] = []
    for await (const page of sandbox.records(window, never))
      for (const record of page) if (record.key === operation.key) states.push(record.state)
    expect(states).toEqual(['refused'])
  })

  test('a refund that does not say what it undoes is refused, now and later', async () => {
    const { sandbox } = make()
    const operation = operationWith({ leg: 'refund', undoes: null })
    const refusal = await sandbox.initiate(operation, never)
    expect(refusal).toMatchObject({
      kind: 'refused',
      message: 'a refund must name the on-ramp that it undoes',
    })
    expect(await sandbox.status(operation, never)).toEqual(refusal)
  })

  test('a fault that happens once per key does not meet the retry: fifty at once lose one reply', async () => {
    const { sandbox } = make()
    const operation = operationWith({ sourceAccount: 'drop_onramp' })
    const calls = Array.from({ length: 50 }, () => sandbox.initiate(operation, never))
    const results = await Promise.allSettled(calls)
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1)
  })
})
