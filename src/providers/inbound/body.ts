/** A JSON object of which nothing is known. */
export type JsonObject = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object that a body holds, once its signature has been found good. Null when it holds none. */
export const readObject = (body: string): JsonObject | null => {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** The object in a field; an empty one when there is none. */
export const objectIn = (object: JsonObject, name: string): JsonObject => {
  const value = object[name]
  return isObject(value) ? value : {}
}

/** The text in a field. Null when there is none. */
export const textIn = (object: JsonObject, name: string): string | null => {
  const value = object[name]
  return typeof value === 'string' ? value : null
}

/** The texts in those of the fields that hold one. */
export const textsIn = (object: JsonObject, names: readonly string[]): string[] =>
  names.flatMap((name) => textIn(object, name) ?? [])
