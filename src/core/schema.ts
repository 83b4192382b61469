import {
  type ObjectOptions,
  type SchemaOptions,
  type TObject,
  type TProperties,
  type TUnsafe,
  Type,
} from '@sinclair/typebox'

/** A schema for one of a few texts, typed as exactly those. */
export const oneOf = <const T extends string>(values: readonly T[], options?: SchemaOptions): TUnsafe<T> =>
  Type.Unsafe<T>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      options,
    ),
  )

/** An object schema that refuses fields it does not name. Give a response or body a `title` to name it in the docs. */
export const strict = <P extends TProperties>(properties: P, options?: ObjectOptions): TObject<P> =>
  Type.Object(properties, { ...options, additionalProperties: false })
