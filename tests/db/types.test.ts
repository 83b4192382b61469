import { afterAll, describe, expect, test } from 'bun:test'
import { asc, sql as template } from 'drizzle-orm'
import { bigint, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import { parseRate, type Rate } from '../../src/core/rate.ts'
import { instant, rate } from '../../src/db/schema/columns.ts'
import { testDatabase } from '../support/database.ts'

/** The kinds of column that the schema uses, and jsonb, each as the schema declares it. */
const probes = pgTable('probes', {
  id: integer().primaryKey(),
  minorUnits: bigint({ mode: 'bigint' }),
  rate: rate(),
  at: instant(),
  words: text(),
  list: text().array(),
  json: jsonb(),
})

const database = await testDatabase()
afterAll(() => database.drop())
const { sql, db } = database

await sql`create table probes (id int primary key, minor_units bigint, rate numeric(24, 10),
  at timestamptz(3), words text, list text[], json jsonb)`

type Probe = Omit<typeof probes.$inferInsert, 'id'>

let last = 0

/** Writes rows through Drizzle and reads them again, also what PostgreSQL itself makes of one column. */
const roundTrip = async (rows: readonly Probe[], shown: string) => {
  const from = last + 1
  await db.insert(probes).values(rows.map((row) => ({ ...row, id: ++last })))
  const between = template`${probes.id} between ${from} and ${last}`
  const read = await db.select().from(probes).where(between).orderBy(asc(probes.id))
  const seen = await sql.unsafe<{ shown: string | null }[]>(
    `select (${shown})::text as shown from probes where id between ${from} and ${last} order by id`,
  )
  return { read, seen: seen.map((row) => row.shown) }
}

describe('money comes back to the last minor unit', () => {
  const EXTREMES = [
    0n,
    1n,
    -1n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    -(2n ** 53n) - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ]

  test('bigint minor units, also where a double could not tell neighbours apart', async () => {
    const samples = [...EXTREMES, ...fc.sample(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), 200)]
    const { read, seen } = await roundTrip(
      samples.map((minorUnits) => ({ minorUnits })),
      'minor_units',
    )
    expect(read.map((row) => row.minorUnits)).toEqual(samples)
    expect(seen).toEqual(samples.map(String))
  })

  test('bigint minor units through the driver alone, as parameter and as result', async () => {
    for (const value of EXTREMES) {
      const [row] = await sql`select ${value.toString()}::bigint as back`
      expect(row?.back).toBe(value.toString())
    }
  })

  test('one past the largest is refused, not wrapped', async () => {
    const write = db.insert(probes).values({ id: ++last, minorUnits: 2n ** 63n })
    expect(await write.then(() => 'written', String)).not.toBe('written')
  })
})

describe('a rate comes back as exactly itself', () => {
  test('from one ten-billionth to the largest that is read', async () => {
    const texts = ['0.0000000001', '0.92049', '1', '155.2', '0.0064432989', '999999999999.9999999999']
    const samples = [
      ...texts.map(parseRate),
      ...fc.sample(fc.bigInt(1n, 10n ** 22n - 1n), 200).map((units) => units as Rate),
    ]
    const { read, seen } = await roundTrip(
      samples.map((each) => ({ rate: each })),
      'trim_scale(rate)',
    )
    expect(read.map((row) => row.rate)).toEqual(samples)
    expect(seen.slice(0, texts.length)).toEqual(texts)
  })

  test('the driver hands numeric over as text, never as a number', async () => {
    const [row] = await sql`select 99999999999999.9999999999::numeric(24, 10) as back`
    expect(row?.back).toBe('99999999999999.9999999999')
  })
})

describe('times come back to the millisecond', () => {
  test('whatever the time zone of the session', async () => {
    const samples = [
      '1970-01-01T00:00:00.000Z',
      '1999-12-31T23:59:59.999Z',
      '2026-03-29T01:30:00.001Z',
      '2026-11-23T12:00:00.120Z',
      '9999-12-31T23:59:59.999Z',
    ].map((each) => new Date(each))
    const { read, seen } = await roundTrip(
      samples.map((at) => ({ at })),
      `to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    )
    expect(read.map((row) => row.at)).toEqual(samples)
    expect(seen).toEqual(samples.map((at) => at.toISOString()))
    for (const zone of ['Asia/Kathmandu', 'America/St_Johns', 'UTC']) {
      const [row] = await db.transaction(async (tx) => {
        await tx.execute(template`select set_config('TimeZone', ${zone}, true)`)
        return tx
          .select({ at: probes.at })
          .from(probes)
          .where(template`${probes.at} = ${samples[3]?.toISOString()}`)
      })
      expect(row?.at).toEqual(samples[3] as Date)
    }
  })
})

describe('text, lists and JSON come back as they were', () => {
  const TEXTS = [
    '',
    ' ',
    'NULL',
    "it's",
    'back\\slash "quotes" {braces}, commas; $1 %s',
    'line\nbreak\ttab\r',
    'Zażółć gęślą jaźń 支払い 💸 👩‍👩‍👧 e\u0301 \u202e',
    '\u0001\u007f\uffff',
    'x'.repeat(100_000),
  ]

  test('text with anything but a null character', async () => {
    const samples = [...TEXTS, ...fc.sample(fc.string({ unit: 'binary' }), 200)].map((each) =>
      each.replaceAll('\0', ''),
    )
    const { read, seen } = await roundTrip(
      samples.map((words) => ({ words })),
      'words',
    )
    expect(read.map((row) => row.words)).toEqual(samples)
    expect(seen).toEqual(samples)
  })

  test('lists of such texts, empty ones too', async () => {
    const samples = [[], [''], ['NULL'], ['a', 'b'], TEXTS]
    const { read, seen } = await roundTrip(
      samples.map((list) => ({ list })),
      'cardinality(list)',
    )
    expect(read.map((row) => row.list)).toEqual(samples)
    expect(seen).toEqual(samples.map((list) => String(list.length)))
  })

  test('JSON of every kind is stored as that kind, not as text in quotes', async () => {
    const samples: unknown[] = [
      { a: [1, { b: null }], 'k"': TEXTS[6] },
      [],
      [1, 'two'],
      'text',
      5,
      0.92049,
      true,
    ]
    const { read, seen } = await roundTrip(
      samples.map((json) => ({ json })),
      'jsonb_typeof(json)',
    )
    expect(read.map((row) => row.json)).toEqual(samples)
    expect(seen).toEqual(['object', 'array', 'array', 'string', 'number', 'number', 'boolean'])
  })

  test('JSON goes through the driver alone as text, with integers that a double would round', async () => {
    const given = '{"minor": 9007199254740993}'
    const [row] = await sql`select ${given}::text::jsonb ->> 'minor' as minor`
    expect(row?.minor).toBe('9007199254740993')
  })

  test('null is null in every column', async () => {
    const none = { minorUnits: null, rate: null, at: null, words: null, list: null, json: null }
    const { read, seen } = await roundTrip([none], 'num_nulls(minor_units, rate, at, words, list, json)')
    expect(read).toEqual([{ id: last, ...none }])
    expect(seen).toEqual(['6'])
  })
})
