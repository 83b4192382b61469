import {
  type ObjectOptions,
  type SchemaOptions,
  type TObject,
  type TProperties,
  type TSchema,
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

/** A schema for a value that may be missing, which is null and not left out. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** A setting that may be left out. */
export const optionalText = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

/** A key, or another setting that no log and no error may show. */
export const secret = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, secret: true, description }))

export const Timestamp = Type.String({ format: 'date-time' })
