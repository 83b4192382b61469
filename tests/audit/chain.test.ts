import { afterAll, describe, expect, test } from 'bun:test'
import { getTableColumns } from 'drizzle-orm'
import fc from 'fast-check'
import { AUDIT_COLUMNS, type AuditContent, encodeRow, GENESIS, linkHash } from '../../src/audit/chain.ts'
import { paymentAudit } from '../../src/db/schema/payments.ts'
import { testDatabase } from '../support/database.ts'

const database = await testDatabase()
afterAll(() => database.drop())

// Full of what could be mistaken for the encoding's own signs, so that boundaries can only be lost if they are ambiguous.
const tricky = fc.string({
  unit: fc.constantFrom('"', ',', ' ', '\\', '[', ']', 'n', 'null', '0', 'é', '💸', '\n'),
})
const cell = fc.option(fc.oneof(tricky, fc.string({ unit: 'binary' })), { nil: null })
const row = fc.record(
  Object.fromEntries(AUDIT_COLUMNS.map((column) => [column, cell])),
) as fc.Arbitrary<AuditContent>

describe('the bytes that stand for a row', () => {
  test('cover every column of the table', async () => {
    const columns = await database.sql<{ column_name: string }[]>`
      select column_name from information_schema.columns where table_name = 'payment_audit'`
    expect(new Set(AUDIT_COLUMNS as readonly string[])).toEqual(
      new Set(columns.map((each) => each.column_name)),
    )
    expect(columns).toHaveLength(Object.keys(getTableColumns(paymentAudit)).length)
  })

  test('are never the same for two different rows', () => {
    fc.assert(
      fc.property(row, row, (one, other) => {
        const same = AUDIT_COLUMNS.every((column) => one[column] === other[column])
        expect(encodeRow(one) === encodeRow(other)).toBe(same)
      }),
    )
  })

  test('differ when text moves from one column into its neighbour, or a null becomes a word', () => {
    fc.assert(
      fc.property(row, tricky, fc.nat(AUDIT_COLUMNS.length - 2), (base, text, index) => {
        const [here = 'at', there = 'at'] = [AUDIT_COLUMNS[index], AUDIT_COLUMNS[index + 1]]
        const variants = [
          { ...base, [here]: text, [there]: '' },
          { ...base, [here]: '', [there]: text },
          { ...base, [here]: null, [there]: text },
          { ...base, [here]: 'null', [there]: text },
          { ...base, [here]: `${text}", "`, [there]: '' },
        ]
        const contents = new Set(variants.map((each) => JSON.stringify([each[here], each[there]])))
        expect(new Set(variants.map(encodeRow)).size).toBe(contents.size)
      }),
    )
  })

  test('give the hash of any row back', () => {
    fc.assert(
      fc.property(row, (each) => {
        expect(JSON.parse(encodeRow(each))).toEqual(AUDIT_COLUMNS.map((column) => each[column]))
      }),
    )
  })

  test('are the same in the database, whatever the row holds and however the session prints', async () => {
    const text = fc.oneof(tricky, fc.string({ unit: 'binary' })).map((each) => each.replaceAll('\0', ''))
    const stored = fc.record({
      account_id: text,
      payment_id: fc.uuid(),
      version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      from_status: fc.option(text),
      to_status: text,
      exception: text,
      actor: text,
      message: text,
      reason: fc.option(text),
      provider: fc.option(text),
      leg: fc.option(text),
      attempt: fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
      job_id: fc.option(fc.uuid()),
      request_id: fc.option(text),
      at: fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
    })
    const settings = fc.record({
      TimeZone: fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/St_Johns'),
      DateStyle: fc.constantFrom('ISO, MDY', 'German', 'SQL, DMY'),
      bytea_output: fc.constantFrom('hex', 'escape'),
      extra_float_digits: fc.constantFrom('0', '3'),
    })
    await fc.assert(
      fc.asyncProperty(stored, settings, async (values, session) => {
        const [found] = await database.sql.begin(async (tx) => {
          for (const [name, value] of Object.entries(session))
            await tx`select set_config(${name}, ${value}, true)`
          return tx<{ bytes: string; seconds: string }[]>`
            select encode(audit_bytes(a), 'hex') as bytes, extract(epoch from at)::text as seconds
            from json_populate_record(null::payment_audit, ${JSON.stringify(values)}::text::json) a`
        })
        const content = Object.fromEntries(
          AUDIT_COLUMNS.map((column) => [column, values[column] === null ? null : String(values[column])]),
        ) as AuditContent
        const seconds = `${Math.floor(values.at.getTime() / 1000)}.${String(values.at.getTime() % 1000).padStart(3, '0')}000`
        expect(found?.seconds).toBe(seconds)
        expect(Buffer.from(found?.bytes ?? '', 'hex').toString()).toBe(encodeRow({ ...content, at: seconds }))
      }),
      { numRuns: 300 },
    )
  })
})

test('a link’s hash covers the row and the link before it: a row known by heart, computed by hand', () => {
  const content = Object.fromEntries(AUDIT_COLUMNS.map((column) => [column, null])) as AuditContent
  // (printf '\0%.0s' {1..32}; printf '["acme", null, …, "1700000000.000000"]') | sha256sum
  const hash = linkHash(GENESIS, { ...content, account_id: 'acme', at: '1700000000.000000' })
  expect(hash).toBe('42b24745256dd830ba156083fb93558221899c32e8f722562a12e4dec6709f77')
  expect(linkHash(hash, { ...content, account_id: 'acme', at: '1700000000.000000' })).not.toBe(hash)
})
