import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type WireAnswer, WireError } from './wire.ts'

export const isOk = ({ status }: WireAnswer): boolean => status >= 200 && status < 300

/** Readers of what one provider answers. Messages hold nothing of the answer but the place where it is odd. */
export const answersOf = (provider: string) => {
  const unreadable = (found: string): WireError =>
    new WireError('unreadable', `${provider} answered ${found}`)

  return {
    unreadable,
    /** The body, if it has that shape. Throws WireError otherwise. */
    inShape: <S extends TSchema>(schema: S, body: unknown): Static<S> => {
      if (Value.Check(schema, body)) return body
      const path = Value.Errors(schema, body).First()?.path ?? ''
      throw unreadable(`in another shape than documented, at ${path || 'the top'}`)
    },
    /** Epoch milliseconds of a time that the provider gives. Throws when it is none. */
    instantOf: (text: string | undefined): number => {
      const at = Date.parse(text ?? '')
      if (Number.isNaN(at)) throw new Error(`${provider} lists a time that cannot be read`)
      return at
    },
  }
}
