const LONGEST_HEADER = 4_096

const FIELD = /^([a-z]\w{0,9})=([\x20-\x7e]*)$/
const UNIX_TIME = /^[1-9]\d{0,14}$/

/** The fields of a signature header by their names; a name may come more than once. */
type Fields = ReadonlyMap<string, readonly string[]>

/** Reads `name=value,name=value`, the form in which signatures are sent. Null when the header is missing or is not that. */
const readFields = (header: string | null): Fields | null => {
  if (header === null || header.length > LONGEST_HEADER) return null
  const fields = new Map<string, string[]>()
  for (const part of header.split(',')) {
    const [, name, value] = FIELD.exec(part.trim()) ?? []
    if (name === undefined || value === undefined) return null
    fields.set(name, [...(fields.get(name) ?? []), value])
  }
  return fields
}

/** The value of a field of which there must be exactly one. */
const single = (fields: Fields, name: string): string | null => {
  const [value, ...others] = fields.get(name) ?? []
  return value === undefined || others.length > 0 ? null : value
}

/** A signature header with its time. */
export interface Stamped {
  fields: Fields
  /** As it was written and signed. */
  time: string
  /** Epoch milliseconds. */
  at: number
}

/** Reads a signature header whose field `t` is a Unix time in units of `unitMs`. Null when it is not one. */
export const readStamped = (header: string | null, unitMs: 1 | 1_000): Stamped | null => {
  const fields = readFields(header)
  const time = fields && single(fields, 't')
  return time && UNIX_TIME.test(time) ? { fields, time, at: Number(time) * unitMs } : null
}

/** The field's only value. Null when it is missing or there are several. */
export const fieldOf = ({ fields }: Stamped, name: string): string | null => single(fields, name)

/** The bytes of strict base64, padding included. Null for anything else, so that no text has two readings. */
export const readBase64 = (text: string): Buffer | null => {
  const bytes = Buffer.from(text, 'base64')
  return bytes.byteLength > 0 && bytes.toString('base64') === text ? bytes : null
}

/** Whether a time lies at most so many milliseconds behind or ahead of now. All in epoch milliseconds. */
export const isNear = (at: number, now: number, behindMs: number, aheadMs: number): boolean =>
  at >= now - behindMs && at <= now + aheadMs
