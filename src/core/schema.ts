import { type SchemaOptions, type TUnsafe, Type } from '@sinclair/typebox'

/** A schema for one of a few texts, typed as exactly those. */
export const oneOf = <const T extends string>(values: readonly T[], options?: SchemaOptions): TUnsafe<T> =>
  Type.Unsafe<T>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      options,
    ),
  )
