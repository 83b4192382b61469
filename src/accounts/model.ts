import { type Static, Type } from '@sinclair/typebox'
import { pageOf } from '../core/page.ts'
import { SCOPES, type Scope } from '../core/principal.ts'
import { Nullable, oneOf, strict, Timestamp } from '../core/schema.ts'

const DAY_SECONDS = 86_400

/** How long a key goes on working beside its successor unless the caller says otherwise, in seconds. */
export const DEFAULT_OVERLAP_SECONDS = DAY_SECONDS
/** The longest such overlap. */
export const MAX_OVERLAP_SECONDS = 7 * DAY_SECONDS
/** The longest life that can be asked for in seconds; a key without an end lives longer. */
export const MAX_LIFE_SECONDS = 3_650 * DAY_SECONDS

const KeyId = Type.String({ description: 'key_ and a UUID' })

const Name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
  error: 'must be text of 1 to 100 characters without control characters',
  description: 'What it is for',
})

const Scopes = Type.Array(oneOf<Scope>(SCOPES), {
  minItems: 1,
  uniqueItems: true,
  description: 'What it may do. No scope implies another.',
})

const end = {
  expires_at: Type.Optional(Type.String({ format: 'date-time', description: 'When it ends, in the future' })),
  expires_in: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_LIFE_SECONDS, description: 'The same in seconds from now' }),
  ),
}

export const KeyRequest = strict(
  { name: Name, scopes: Scopes, ...end },
  { title: 'ApiKeyRequest', description: 'expires_at or expires_in, or neither for a key without an end' },
)

export const KeyRotation = strict(
  {
    overlap_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_OVERLAP_SECONDS,
        default: DEFAULT_OVERLAP_SECONDS,
        description: 'How long the old key works beside the new one; 0 ends it at once',
      }),
    ),
    ...end,
  },
  { title: 'ApiKeyRotation', description: 'Without an end the new key lives as long as the old one was to' },
)

const properties = {
  id: KeyId,
  name: Type.String(),
  hint: Type.String({ description: 'Its prefix and its last four characters' }),
  scopes: Scopes,
  status: oneOf(['active', 'expired', 'revoked']),
  created_at: Timestamp,
  created_by: Nullable(Type.String({ description: 'The key that made it; null: the command line' })),
  last_used_at: Nullable(
    Type.String({ format: 'date-time', description: 'To the minute, and up to a minute late' }),
  ),
  expires_at: Nullable(Timestamp),
  revoked_at: Nullable(Timestamp),
  replaced_by: Nullable(Type.String({ description: 'The key that a rotation put in its place' })),
}

export const Key = strict(properties, { title: 'ApiKey' })

export const KeyWithSecret = strict(
  { ...properties, key: Type.String({ description: 'The key itself. It is shown only this once.' }) },
  { title: 'ApiKeyWithSecret' },
)

export const KeyPage = pageOf(Key, 'ApiKeyPage')

export type KeyRequest = Static<typeof KeyRequest>
export type KeyRotation = Static<typeof KeyRotation>
export type Key = Static<typeof Key>
export type KeyWithSecret = Static<typeof KeyWithSecret>
export type KeyPage = Static<typeof KeyPage>
