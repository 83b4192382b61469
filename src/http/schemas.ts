import { type ObjectOptions, type Static, type TObject, type TProperties, Type } from '@sinclair/typebox'
import { ERROR_STATUS, type ErrorCode } from '../core/errors.ts'

/** An object schema that refuses fields it does not name. Give a response or body a `title` to name it in the docs. */
export const strict = <P extends TProperties>(properties: P, options?: ObjectOptions): TObject<P> =>
  Type.Object(properties, { ...options, additionalProperties: false })

const codes = Object.keys(ERROR_STATUS) as ErrorCode[]

/** What every error answers, whatever the status. */
export const ErrorBody = strict(
  {
    error: Type.Union(codes.map((code) => Type.Literal(code))),
    message: Type.String({ description: 'What went wrong, for people' }),
    details: Type.Optional(
      Type.Array(
        strict({
          path: Type.String({ description: "A JSON Pointer to the field, or a header's name" }),
          message: Type.String(),
        }),
      ),
    ),
    request_id: Type.String({ description: 'Also sent as x-request-id; quote it to support' }),
  },
  { title: 'Error' },
)
export type ErrorBody = Static<typeof ErrorBody>
