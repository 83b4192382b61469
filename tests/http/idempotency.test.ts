import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/core/errors.ts'
import { parseIdempotencyKey } from '../../src/http/idempotency.ts'

const refusal = (header: string): unknown => {
  try {
    return parseIdempotencyKey(header)
  } catch (error) {
    return error
  }
}

describe('one key has one meaning, however it is written', () => {
  test.each([
    ['abc-123', 'abc-123'],
    ['"abc-123"', 'abc-123'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['a"b', 'a"b'],
    ['a b', 'a b'],
    ['~', '~'],
    ['k'.repeat(255), 'k'.repeat(255)],
    [`"${'k'.repeat(255)}"`, 'k'.repeat(255)],
    [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ])('%s', (header, key) => {
    expect(parseIdempotencyKey(header)).toBe(key)
  })

  test('no header is no key', () => {
    expect([parseIdempotencyKey(null), parseIdempotencyKey(undefined)]).toEqual([undefined, undefined])
  })

  test.each([
    '',
    '""',
    '"abc',
    '"a"b"',
    '"abc";v=1',
    '"a\\b"',
    '"',
    'k'.repeat(256),
    `"${'k'.repeat(256)}"`,
    'tab\there',
    'n\u0000ul',
    'ключ',
    'é',
    '"é"',
    'line\nbreak',
    'abc\n',
  ])('%j is refused and the header is named', (header) => {
    const error = refusal(header)
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'Idempotency-Key' }] })
  })
})
