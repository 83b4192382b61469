/** Source of identifiers. Version 7 keeps index inserts at the right edge of the tree. */
export interface Ids {
  uuid(): string
}

export const randomIds: Ids = { uuid: () => Bun.randomUUIDv7() }

/** Namespace of our name-based ids; changing it would give a running operation a second key. */
const NAMESPACE = 'b9a4c1de-55a2-4f0e-9c4e-0d6a5f2c7e31'

/** The same parts always give the same UUID (RFC 9562 version 5). */
export const derivedUuid = (...parts: readonly (string | number)[]): string =>
  Bun.randomUUIDv5(parts.join('/'), NAMESPACE)

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const isUuid = (text: string): boolean => UUID.test(text)
