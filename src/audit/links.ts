import { AUDIT_COLUMNS, type AuditColumn, type AuditContent, GENESIS, linkHash } from './chain.ts'
import type { Link } from './rows.ts'

/** Something that is not as it was written. */
export interface Finding {
  /** Number of the link in the account's chain, where it is about one. */
  seq?: number
  payment?: string
  version?: number
  what: string
}

/** A link between its neighbours, null where the chain ends. */
export interface Place {
  before: Link | null
  link: Link
  after: Link | null
}

/** A row in which one of these was changed is another row, and the link's own is gone. */
const IDENTITY: ReadonlySet<AuditColumn> = new Set(['account_id', 'payment_id', 'version'])

/**
 * Which column of a changed row was changed: the one that gives the sealed hash again with a value of another row. A
 * hash says only that something differs, so this can name a single change of something that is commonplace.
 */
const changeOf = (link: Link, row: AuditContent, known: readonly AuditContent[]): string | null => {
  for (const column of AUDIT_COLUMNS.filter((each) => !IDENTITY.has(each)))
    for (const value of new Set([null, ...known.map((other) => other[column])]))
      if (linkHash(link.prev_hash, { ...row, [column]: value }) === link.hash)
        return `${column} was ${JSON.stringify(value)} and is ${JSON.stringify(row[column])}`
  return null
}

const agrees = ({ prev_hash, hash, row }: Link): boolean => row !== null && linkHash(prev_hash, row) === hash

const damageOf = ({ before, link, after }: Place, known: readonly AuditContent[]): string | null => {
  const { row, seq, hash } = link
  const follows = before ? before.hash : GENESIS
  const next = after?.seq === seq + 1 ? after : null
  if (!row) return 'the row was deleted'
  if (agrees(link)) {
    if (!before && link.prev_hash !== GENESIS) return 'the first seal does not begin the chain'
    // Each may agree with itself and not with the other; the one that was there first was changed later.
    const rewritten = next && next.prev_hash !== hash && agrees(next)
    return rewritten ? 'the row and its seal were rewritten: the next seal was made on another hash' : null
  }
  if (linkHash(follows, row) === hash) return 'the seal was changed (prev_hash)'
  if (next?.prev_hash === linkHash(link.prev_hash, row)) return 'the seal was changed (hash)'
  const change = changeOf(link, row, known)
  if (change) return `the row was changed: ${change}`
  return next ? 'the row was changed' : 'the row or its seal was changed'
}

const missingSeals = (count: number): string =>
  count === 1 ? 'the seal is missing' : `${count} seals are missing from here`

/** What is wrong with a link itself, and not with its neighbours; `known` are rows to recognise a change by. */
export const judgeLink = (place: Place, known: readonly AuditContent[]): Finding[] => {
  const { link } = place
  const { seq, payment_id: payment, version } = link
  if (seq < 1) return [{ seq, payment, version, what: 'the seal stands before the beginning of the chain' }]
  const before = place.before && place.before.seq >= 1 ? place.before : null
  const missing = seq - 1 - (before?.seq ?? 0)
  // Behind a gap there is nothing to compare with but what the link itself says.
  const neighbour = missing > 0 ? { ...link, hash: link.prev_hash } : before
  const what = damageOf({ ...place, before: neighbour }, known)
  return [
    ...(missing > 0 ? [{ seq: seq - missing, what: missingSeals(missing) }] : []),
    ...(what ? [{ seq, payment, version, what }] : []),
  ]
}
