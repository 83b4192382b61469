import { SCOPES } from '../core/principal.ts'
import { keyIds } from './ids.ts'
import type { Key } from './model.ts'
import type { KeyRow } from './store.ts'

const idOrNull = (id: string | null): string | null => (id === null ? null : keyIds.show(id))

/** A key as its owner sees it. */
export const keyView = (row: KeyRow): Key => ({
  id: keyIds.show(row.id),
  name: row.name,
  hint: row.hint,
  scopes: SCOPES.filter((scope) => row.scopes.includes(scope)),
  status: row.status,
  created_at: row.createdAt.toISOString(),
  created_by: idOrNull(row.createdBy),
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  expires_at: row.expiresAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
  replaced_by: idOrNull(row.replacedBy),
})
