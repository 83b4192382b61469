import type { Sql } from '../../db/client.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { type Changed, type Changes, changedSince, MOST_RESUMED, MOST_ROWS } from '../sql/changed.ts'
import type { PaymentStore } from '../store.ts'
import { summaryOf } from '../view.ts'
import { createLooks } from './looks.ts'
import { type AccountEvent, createReader, MOST_PAYMENTS, type Reader } from './reader.ts'
import type { Source } from './streams.ts'

interface Member {
  since: number | null
  /** It has been told where it stands, and hears of everything from there on. */
  begun: boolean
  reader: Reader
}

/** An account with everybody here who follows all of its payments. */
interface Group {
  accountId: string
  /** The newest seal at the last look, null before the first. */
  head: number | null
  /** More waits for its seal than a look reads, so nobody can tell what has changed. */
  blind: boolean
  /** Of each payment that the next look will find again: the version that was handed on. */
  known: ReadonlyMap<string, number>
  members: Set<Member>
}

export interface AccountFollowersDeps {
  sql: Sql
  store: Pick<PaymentStore, 'listByIds'>
  log: Logger
}

const sealedAfter = (place: number | null) => (change: Changed) =>
  change.seal === null || (place !== null && change.seal > place)

const unlessTooMany = (changes: readonly Changed[]): readonly Changed[] | null =>
  changes.length > MOST_PAYMENTS ? null : changes

/** What a stream missed that goes on from `since`; null when it had better load everything. */
const missedSince = (since: number | null, { head, changed }: Changes): readonly Changed[] | null => {
  if (since === null) return []
  if (changed === null || since > head || head - since > MOST_RESUMED) return null
  return unlessTooMany(changed.filter(sealedAfter(since)))
}

/** What is new to those who have followed the account until now; null when nobody can tell. */
const newTo = (
  { head: last, blind, known }: Group,
  { head, changed }: Changes,
): readonly Changed[] | null => {
  // The first look is nobody's, and who is blind hears so by each heartbeat.
  if (last === null || (changed === null && blind)) return []
  // A chain that has become shorter is another one.
  if (changed === null || blind || head < last || head - last > MOST_ROWS) return null
  const isNew = ({ payment_id, version }: Changed) => version > (known.get(payment_id) ?? 0)
  return unlessTooMany(changed.filter((change) => sealedAfter(last)(change) && isNew(change)))
}

/** Tells followers of accounts of every change of their payments; the audit trail and its seals are the source. */
export const createAccountFollowers = ({ sql, store, log }: AccountFollowersDeps) => {
  const groups = new Map<string, Group>()

  const tell = async (group: Group, joining: readonly Member[], changes: Changes) => {
    const { head, changed } = changes
    const fresh = newTo(group, changes)
    const missed = joining.map((member) => ({ member, list: missedSince(member.since, changes) }))
    const wanted = [...new Set([fresh, ...missed.map(({ list }) => list)].flatMap((list) => list ?? []))]
    const ids = wanted.map(({ payment_id: id }) => id)
    const rows = ids.length > 0 ? await store.listByIds(group.accountId, ids) : []
    const summaries = new Map(rows.map(summaryOf).map((summary) => [summary.payment_id, summary]))
    const sequenceOf = ({ payment_id: id, version }: Changed) => summaries.get(id)?.sequence ?? version
    // What has changed once more since the look counts as handed on, so everybody has to get it.
    const newer = wanted.filter((change) => sequenceOf(change) > change.version)
    const shown = (list: readonly Changed[] | null) =>
      list && [...new Set([...list, ...newer])].flatMap(({ payment_id: id }) => summaries.get(id) ?? [])
    group.head = head
    group.blind = changed === null
    const found = [...(changed ?? []).filter(({ seal }) => seal === null), ...newer]
    group.known = new Map(found.map((change) => [change.payment_id, sequenceOf(change)]))
    for (const { begun, reader } of group.members) if (begun) reader.push(head, shown(fresh))
    for (const { member, list } of missed) {
      member.begun = true
      member.reader.begin(head, shown(list))
    }
  }

  const ask = async () => {
    const asked = [...groups.values()].map((group) => ({
      group,
      joining: [...group.members].filter(({ begun }) => !begun),
    }))
    const answers = await changedSince(
      sql,
      asked.map(({ group, joining }) => ({
        account_id: group.accountId,
        since: group.head,
        resumes: joining.flatMap(({ since }) => since ?? []),
      })),
    )
    const changes = new Map(answers.map((each) => [each.account_id, each]))
    for (const { group, joining } of asked) {
      const own = changes.get(group.accountId)
      if (own) await tell(group, joining, own)
    }
  }

  const { look, close } = createLooks({ log, wanted: () => groups.size > 0, ask })

  return {
    /** All changes of the account's payments, a batch at a time, after the place `since` or from now on. Never over. */
    join: (accountId: string, since: number | null, nudge: () => void): Source<AccountEvent[]> => {
      const group = groups.get(accountId) ?? {
        ...{ accountId, head: null, blind: false },
        ...{ known: new Map<string, number>(), members: new Set<Member>() },
      }
      const reader = createReader(since, nudge)
      const member: Member = { since, begun: false, reader }
      group.members.add(member)
      groups.set(accountId, group)
      look()
      return {
        take: reader.take,
        over: () => false,
        heartbeat: () => reader.heartbeat(group.blind),
        leave: () => {
          group.members.delete(member)
          if (group.members.size === 0) groups.delete(accountId)
        },
      }
    },
    look,
    close,
  }
}
