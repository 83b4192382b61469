import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { GENESIS, linkHash } from '../../src/audit/chain.ts'
import { createAuditReader } from '../../src/audit/rows.ts'
import { sealAudit } from '../../src/audit/seal.ts'
import type { Tx } from '../../src/db/client.ts'
import { drive, pay, paySeveral } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { afterDamage, asSuperuser, chainOf, PATIENT, payAs, told, verified } from './support.ts'

let harness: Harness
/** A completed payment in the middle of the chain, its five links' numbers by version, and one that waits. */
let victim: string
let seqOf: Record<number, number>
let newest: string
let waiting: string

beforeAll(async () => {
  harness = await startHarness({ env: PATIENT })
  const { sql } = harness.database
  const ids = await paySeveral(harness, 30)
  await drive(harness, ids)
  await sealAudit(sql)
  victim = ids[7] ?? ''
  newest = await pay(harness)
  await sealAudit(sql)
  waiting = await pay(harness)
  const links = (await chainOf(sql)).filter((link) => link.payment_id === victim)
  seqOf = Object.fromEntries(links.map(({ version, seq }) => [version, Number(seq)]))
})
afterAll(() => harness.stop())

const damaged = async (damage: (tx: Tx) => Promise<unknown>, options = {}): Promise<string[]> =>
  told(await afterDamage(harness.database.sql, damage, options))

/** Makes the victim's seal of a version agree with its row again, as someone would who knows how. */
const resealed = async (tx: Tx, version: number): Promise<string> => {
  for await (const page of createAuditReader(tx).links('demo'))
    for (const link of page)
      if (link.payment_id === victim && link.version === version && link.row) {
        const hash = linkHash(link.prev_hash, link.row)
        await tx`update audit_seals set hash = decode(${hash}, 'hex') where account_id = 'demo' and seq = ${link.seq}`
        return hash
      }
  throw new Error('no such link')
}

test('thousands of rows that nobody touched are whole, and one that somebody did touch is found among them', async () => {
  const many = await startHarness({ env: PATIENT })
  try {
    const { sql } = many.database
    const ids = await paySeveral(many, 600)
    await drive(many, ids)
    await sealAudit(sql)
    const report = await verified(sql)
    expect(report).toMatchObject({ account: 'demo', sealed: 3_000, waiting: 0, findings: [], more: 0 })
    expect(report.head).toBe((await chainOf(sql)).at(-1)?.hash as string)
    const newest = ids.toSorted().at(-1) ?? ''
    const last = await afterDamage(
      sql,
      (tx) => tx`update payments set status = 'FAILED' where id = ${newest}`,
    )
    expect(last.findings).toMatchObject([{ payment: newest, version: 5 }])
  } finally {
    await many.stop()
  }
})

test('rows that were just written wait for their seal, and that is no finding', async () => {
  const report = await verified(harness.database.sql)
  expect(told(report)).toEqual([])
  expect(report).toMatchObject({ sealed: 151, waiting: 1 })
})

test('verifying writes nothing', async () => {
  await harness.database.sql.begin('read only', async (tx) => expect(told(await verified(tx))).toEqual([]))
})

describe('a row that was changed is found and named', () => {
  test('its message', async () => {
    expect(
      await damaged(
        (tx) => tx`update payment_audit set message = 'x' where payment_id = ${victim} and version = 3`,
      ),
    ).toEqual([
      `#${seqOf[3]} v3 the row was changed: message was "On-ramp settled, USDC received" and is "x"`,
    ])
  })

  test('its actor, wherever it stands in the history', async () => {
    for (const version of [1, 2, 3, 4, 5])
      expect(
        await damaged(
          (tx) =>
            tx`update payment_audit set actor = 'nobody' where payment_id = ${victim} and version = ${version}`,
        ),
      ).toEqual([
        `#${seqOf[version]} v${version} the row was changed: actor was "${version === 1 ? 'api' : 'worker'}" and is "nobody"`,
      ])
  })

  test.each([
    ['from_status', "'FAILED'"],
    ['to_status', "'FAILED'"],
    ['exception', "'overdue'"],
    ['reason', "'because'"],
    ['provider', 'null'],
    ['leg', "'refund'"],
    ['attempt', '9'],
    ['at', "at + interval '1 millisecond'"],
    ['job_id', 'gen_random_uuid()'],
    ['request_id', "''"],
  ])('its %s', async (column, value) => {
    const found = await damaged((tx) =>
      tx.unsafe(
        `update payment_audit set ${column} = ${value} where payment_id = '${victim}' and version = 4`,
      ),
    )
    expect(found).toHaveLength(1)
    expect(found[0]).toStartWith(`#${seqOf[4]} v4 the row was changed`)
  })

  test('two rows whose messages were swapped, both with what they had said', async () => {
    expect(
      await damaged(
        (tx) => tx`
          update payment_audit a set message = b.message from payment_audit b
          where a.payment_id = ${victim} and b.payment_id = ${victim} and a.version in (2, 3)
            and b.version = 5 - a.version`,
      ),
    ).toEqual([
      `#${seqOf[2]} v2 the row was changed: message was "On-ramp transfer initiated" and is "On-ramp settled, USDC received"`,
      `#${seqOf[3]} v3 the row was changed: message was "On-ramp settled, USDC received" and is "On-ramp transfer initiated"`,
    ])
  })

  test('all rows of the account: the first are told, the others counted', async () => {
    const report = await afterDamage(
      harness.database.sql,
      (tx) => tx`update payment_audit set actor = 'nobody'`,
    )
    expect(report.findings).toHaveLength(10)
    expect(report.findings[0]?.seq).toBe(1)
    expect(report.more).toBe(141)
  })

  test('an identity: the row is gone and another has come', async () => {
    expect(
      await damaged(
        (tx) => tx`update payment_audit set version = 9 where payment_id = ${victim} and version = 5`,
      ),
    ).toEqual([
      `#${seqOf[5]} v5 the row was deleted`,
      'v6 versions 6 to 8 are missing from the history',
      'v9 the row is ahead of its payment, which is at version 5',
    ])
  })
})

describe('a row that was deleted is found and named', () => {
  test.each([1, 3, 5])('version %d', async (version) => {
    expect(
      await damaged(
        (tx) => tx`delete from payment_audit where payment_id = ${victim} and version = ${version}`,
      ),
    ).toEqual([`#${seqOf[version]} v${version} the row was deleted`])
  })

  test('the newest row of all', async () => {
    expect(await damaged((tx) => tx`delete from payment_audit where payment_id = ${newest}`)).toEqual([
      '#151 v1 the row was deleted',
    ])
  })

  test('together with its seal', async () => {
    expect(
      await damaged(async (tx) => {
        await tx`delete from payment_audit where payment_id = ${victim} and version = 3`
        await tx`delete from audit_seals where payment_id = ${victim} and version = 3`
      }),
    ).toEqual([`#${seqOf[3]} the seal is missing`, 'v3 version 3 is missing from the history'])
  })

  test('the newest row of all, together with its seal', async () => {
    expect(
      await damaged(async (tx) => {
        await tx`delete from payment_audit where payment_id = ${newest}`
        await tx`delete from audit_seals where payment_id = ${newest}`
      }),
    ).toEqual(['v1 version 1 is missing from the end of the history'])
  })

  test('before it was sealed', async () => {
    expect(await damaged((tx) => tx`delete from payment_audit where payment_id = ${waiting}`)).toEqual([
      'v1 version 1 is missing from the end of the history',
    ])
  })
})

describe('a row that was slipped in is found and named', () => {
  const slip = (tx: Tx, payment: string, version: number) => tx`
    insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message, at)
    values ('demo', ${payment}, ${version}, 'COMPLETED', 'COMPLETED', 'none', 'worker', 'slipped in', '2020-01-01')`

  test('past the triggers', async () => {
    expect(
      await damaged(async (tx) => {
        await slip(tx, victim, 6)
        await tx`update payments set version = 6 where id = ${victim}`
      }),
    ).toEqual(['v6 the row has no seal and does not wait for one'])
  })

  test('behind the end of its payment, with the triggers, and sealed', async () => {
    expect(
      await damaged(async (tx) => {
        await tx`set local session_replication_role = origin`
        await slip(tx, victim, 6)
        await sealAuditIn(tx)
      }),
    ).toEqual(['v6 the row is ahead of its payment, which is at version 5'])
  })

  test('for a payment that does not exist', async () => {
    expect(await damaged((tx) => slip(tx, '00000000-0000-4000-8000-000000000001', 1))).toEqual([
      'v1 the row belongs to no payment',
    ])
  })

  test('with a seal outside the chain', async () => {
    for (const seq of [0, -5])
      expect(
        await damaged(async (tx) => {
          await slip(tx, victim, 6)
          await tx`update payments set version = 6 where id = ${victim}`
          await tx`
            insert into audit_seals (account_id, payment_id, version, seq, prev_hash, hash)
            values ('demo', ${victim}, 6, ${seq}, decode(${GENESIS}, 'hex'), decode(${GENESIS}, 'hex'))`
        }),
      ).toEqual([`#${seq} v6 the seal stands before the beginning of the chain`])
  })

  test('a payment that is gone while its history stays', async () => {
    const found = await damaged((tx) => tx`delete from payments where id = ${victim}`)
    expect(found).toEqual([1, 2, 3, 4, 5].map((version) => `v${version} the row belongs to no payment`))
  })
})

describe('a seal that was changed is found and named', () => {
  test('its hash', async () => {
    expect(
      await damaged(
        (tx) => tx`update audit_seals set hash = sha256(hash) where payment_id = ${victim} and version = 3`,
      ),
    ).toEqual([`#${seqOf[3]} v3 the seal was changed (hash)`])
  })

  test('the hash that it follows', async () => {
    expect(
      await damaged(
        (tx) =>
          tx`update audit_seals set prev_hash = sha256(hash) where payment_id = ${victim} and version = 3`,
      ),
    ).toEqual([`#${seqOf[3]} v3 the seal was changed (prev_hash)`])
  })

  test('the newest one’s hash, which nothing follows yet', async () => {
    expect(
      await damaged((tx) => tx`update audit_seals set hash = sha256(hash) where payment_id = ${newest}`),
    ).toEqual(['#151 v1 the row or its seal was changed'])
  })

  test('together with its row, so that the two agree', async () => {
    expect(
      await damaged(async (tx) => {
        await tx`update payment_audit set message = 'x' where payment_id = ${victim} and version = 3`
        await resealed(tx, 3)
      }),
    ).toEqual([`#${seqOf[3]} v3 the row and its seal were rewritten: the next seal was made on another hash`])
  })

  test('the first one’s, so that the chain begins somewhere else', async () => {
    expect(
      await damaged(async (tx) => {
        await tx`update audit_seals set prev_hash = sha256(prev_hash) where seq = 1`
        await tx`
          update audit_seals s set hash = sha256(s.prev_hash || audit_bytes(a)) from payment_audit a
          where s.seq = 1 and a.payment_id = s.payment_id and a.version = s.version`
      }),
    ).toEqual(['#1 v1 the first seal does not begin the chain'])
  })

  test('that it is gone, and which rows are without one', async () => {
    expect(
      await damaged((tx) => tx`delete from audit_seals where payment_id = ${victim} and version in (3)`),
    ).toEqual([`#${seqOf[3]} the seal is missing`, 'v3 the row has no seal and does not wait for one'])
    expect(await damaged((tx) => tx`delete from audit_seals where seq > 150`)).toEqual([
      'v1 the row has no seal and does not wait for one',
    ])
  })

  test('that the chain’s beginning is gone', async () => {
    const found = await damaged((tx) => tx`delete from audit_seals where seq <= 3`)
    expect(found[0]).toBe('#1 3 seals are missing from here')
    expect(found.slice(1)).toEqual(Array(3).fill(expect.stringContaining('the row has no seal')))
  })
})

describe('a history that contradicts its payment is found and named', () => {
  test('another status', async () => {
    expect(await damaged((tx) => tx`update payments set status = 'REFUNDED' where id = ${victim}`)).toEqual([
      'v5 the history ends with COMPLETED/none, and the payment is REFUNDED/none',
    ])
  })

  test('another version', async () => {
    expect(await damaged((tx) => tx`update payments set version = 2000000000 where id = ${victim}`)).toEqual([
      'v6 versions 6 to 2000000000 are missing from the end of the history',
    ])
    expect(await damaged((tx) => tx`update payments set version = 4 where id = ${victim}`)).toEqual([
      'v5 the row is ahead of its payment, which is at version 4',
    ])
  })

  test('a version that does not continue the one before it', async () => {
    expect(
      await damaged(async (tx) => {
        await tx`set local session_replication_role = origin`
        await tx`update payments set version = 2 where id = ${waiting}`
        await tx`
          insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message)
          values ('demo', ${waiting}, 2, 'FAILED', 'PENDING', 'none', 'worker', 'from nowhere')`
      }),
    ).toEqual(['v2 the row continues FAILED, and not PENDING'])
  })
})

describe('rows that wait for long', () => {
  const age = (tx: Tx) =>
    tx`update payment_audit set at = at - interval '6 minutes' where payment_id = ${waiting}`

  test('are found where somebody should be sealing', async () => {
    expect(await damaged(age)).toEqual([
      'v1 the row has waited for its seal for more than five minutes; does a worker run?',
    ])
  })

  test('are none where nobody can be', async () => {
    expect(await damaged(age, { sealingRuns: false })).toEqual([])
  })
})

describe('a head that was noted elsewhere', () => {
  /** Rebuilds the account's whole chain over whatever the rows say now, as only a superuser could. */
  const rebuild = async (tx: Tx) => {
    await tx`delete from audit_seals`
    await tx`set local session_replication_role = origin`
    await tx`insert into audit_unsealed select account_id, payment_id, version from payment_audit on conflict do nothing`
    await sealAuditIn(tx)
    await asSuperuser(tx)
  }

  test('is in the chain for ever, also when the chain has grown', async () => {
    const { sql } = harness.database
    for (const { hash } of [
      (await chainOf(sql))[0],
      (await chainOf(sql))[75],
      (await chainOf(sql)).at(-1),
    ].flatMap((link) => link ?? []))
      expect(told(await verified(sql, { notedHead: hash }))).toEqual([])
  })

  test('tells of a chain that was rebuilt over a changed row, which nothing else can', async () => {
    const notedHead = (await chainOf(harness.database.sql)).at(-1)?.hash ?? ''
    const forge = async (tx: Tx) => {
      await tx`update payment_audit set message = 'forged' where payment_id = ${victim} and version = 2`
      await rebuild(tx)
    }
    expect(await damaged(forge)).toEqual([])
    expect(await damaged(forge, { notedHead })).toEqual([
      `the noted head ${notedHead} is not in the chain: it was cut off or rebuilt`,
    ])
  })
})

test('one account’s damage is no finding of another', async () => {
  await payAs(harness, 'acme')
  await sealAudit(harness.database.sql)
  const spoil = (tx: Tx) => tx`update payment_audit set actor = 'nobody' where account_id = 'demo'`
  expect(await damaged(spoil, { account: 'acme' })).toEqual([])
})

const sealAuditIn = (tx: Tx): Promise<number> =>
  sealAudit({ begin: (work: (inner: Tx) => Promise<number>) => tx.savepoint(work) } as never)
