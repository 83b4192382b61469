import fc from 'fast-check'

/** Texts that have broken other programs. */
export const HOSTILE_TEXTS = [
  '',
  ' ',
  '\t\n',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udc00b',
  '\ufeff',
  '\u202Etxet',
  '\u200b',
  '\uffff',
  'ﬃ İ ß ſ K',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘',
  '😀'.repeat(60),
  '👩‍👩‍👧‍👦',
  'a'.repeat(101),
  'a'.repeat(2_049),
  'a'.repeat(5_000),
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'true',
  'NaN',
  'Infinity',
  '-0',
  '1e308',
  '0x10',
  '１００',
  "'; drop table payments; --",
  "' or '1'='1",
  '1); delete from ledger_entries; --',
  '$1',
  '\\',
  '%',
  '_%',
  '"}],"x":[{"',
  '<script>alert(1)</script>',
  '{{7*7}}#{7*7}',
  '$(touch /tmp/x)`id`',
  '../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '..\\..\\windows',
  'file:///etc/passwd',
  'http://127.0.0.1:1/',
  'http://[::ffff:127.0.0.1]:1/',
  'javascript:alert(1)',
  '\r\nx-injected: 1\r\n',
  'a\r\n\r\nGET / HTTP/1.1',
  '2026-02-30T00:00:00Z',
  '2026-11-23T12:00:00.000Z',
  '9999-12-31T23:59:59.999+23:59',
  '-271821-04-20T00:00:00Z',
  '0000-00-00',
  '00000000-0000-0000-0000-000000000000',
  'quote_00000000-0000-0000-0000-000000000000',
  '(a+)+$',
] as const

/** Numbers as they are written, which JSON.stringify would not. */
const HOSTILE_NUMBERS = [
  '0',
  '-0',
  '-1',
  '1',
  '0.1',
  '1e-7',
  '1e2',
  '1E400',
  '-1e400',
  '1e308',
  '5e-324',
  '2147483648',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '9223372036854775808',
  '99999999999999999999999999999999',
  '1.0',
  '1.0000000000000000000000001',
]

/** What is no JSON, or hardly. */
const BROKEN_JSON = [
  '{',
  '[',
  '{"a":}',
  "{'a':1}",
  'NaN',
  'undefined',
  '01',
  '+1',
  '{"a":1}{"b":2}',
  'a=1&b=2',
  '\u0000',
  '"',
  '',
]

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth)

export const hostileText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 120 }) },
)

/** One JSON value that is hardly ever the wanted one, as text. */
export const hostileJson = fc.oneof(
  { weight: 4, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE_NUMBERS) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('null', 'true', 'false', '[]', '{}', '[[]]', '[null]', '["USD"]', '[1]'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{"__proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
      '{"toString":1,"valueOf":1}',
      '{"length":4294967296}',
      '{"then":1}',
      nested(31, '[', ']'),
      nested(32, '[', ']'),
      nested(3_000, '[', ']'),
      nested(40, '{"a":', '}').replace('{"a":}', '{}'),
      `[${Array(1_200).fill(0).join()}]`,
    ),
  },
  { weight: 1, arbitrary: fc.json({ maxDepth: 4, stringUnit: 'binary' }) },
)

/** Bodies that no route can make anything of. */
export const hostileBody: fc.Arbitrary<string | Uint8Array<ArrayBuffer>> = fc.oneof(
  fc.constantFrom(...BROKEN_JSON),
  hostileJson,
  fc.uint8Array({ maxLength: 60 }),
  fc.constantFrom(70_000, 300_000).map((length) => `{"x":"${'x'.repeat(length)}"}`),
)

/** Names of fields that no schema has. */
export const hostileKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'note',
  'account_id',
  'a\u0000',
  '\ud800',
  'status',
  'id',
)
