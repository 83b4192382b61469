import { type Static, Type } from '@sinclair/typebox'
import { ERROR_STATUS, type ErrorCode } from '../core/errors.ts'
import { strict } from '../core/schema.ts'

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
