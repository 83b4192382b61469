import { LRUCache } from 'lru-cache'
import type { Used } from './window.ts'

/** Callers that a process remembers, the latest; whoever comes back later is found in the database again. */
const MOST_SUBJECTS = 10_000

/** Whom a count is about: an account, one key of an account, or an address. What it is not about is empty. */
export interface Subject {
  accountId: string
  keyId: string
  address: string
}

export const ofAccount = (accountId: string): Subject => ({ accountId, keyId: '', address: '' })
export const ofKey = (accountId: string, keyId: string): Subject => ({ accountId, keyId, address: '' })
export const ofAddress = (address: string): Subject => ({ accountId: '', keyId: '', address })

/** Units of one subject in one minute: what this process adds to the sum of all, or that sum. */
export interface Usage extends Subject {
  minute: number
  used: number
}

/** The sum of all processes, and how much of it this process has just sent. */
export interface Total extends Usage {
  sent: number
}

interface Cell {
  minute: number
  /** The sum of all processes, as the last exchange told it. */
  shared: number
  /** What this process has counted and not sent. */
  pending: number
}

interface Entry {
  subject: Subject
  current: Cell
  previous: Cell
  /** Counted since the last exchange, so the sums of the others matter. */
  busy: boolean
}

const emptyCell = (minute: number): Cell => ({ minute, shared: 0, pending: 0 })
const sumOf = ({ shared, pending }: Cell): number => shared + pending
const nameOf = ({ accountId, keyId, address }: Subject): string => `${accountId}\n${keyId}\n${address}`

/** What a process knows of the use of one limit. */
export interface Board {
  used(subject: Subject, minute: number): Used
  /** Units that the others do not know of yet. */
  pending(subject: Subject): number
  add(subject: Subject, minute: number, units: number): void
  /** What there is to send, and whose sums there are to ask for, with 0 units. */
  outgoing(): Usage[]
  /** Takes the sums of all processes over. */
  learn(totals: readonly Total[]): void
}

export const createBoard = (): Board => {
  const entries = new LRUCache<string, Entry>({ max: MOST_SUBJECTS })

  const entryAt = (subject: Subject, minute: number): Entry => {
    const name = nameOf(subject)
    let entry = entries.get(name)
    if (!entry) {
      entry = { subject, current: emptyCell(minute), previous: emptyCell(minute - 1), busy: false }
      entries.set(name, entry)
    }
    // A clock that is set back goes on in the minute that it was in.
    if (minute > entry.current.minute) {
      entry.previous = minute === entry.current.minute + 1 ? entry.current : emptyCell(minute - 1)
      entry.current = emptyCell(minute)
    }
    return entry
  }

  return {
    used: (subject, minute) => {
      const { current, previous } = entryAt(subject, minute)
      return { current: sumOf(current), previous: sumOf(previous) }
    },
    pending: (subject) => {
      const entry = entries.get(nameOf(subject))
      return entry ? entry.current.pending + entry.previous.pending : 0
    },
    add: (subject, minute, units) => {
      const entry = entryAt(subject, minute)
      entry.current.pending += units
      entry.busy = true
    },
    outgoing: () =>
      [...entries.values()]
        .filter(({ busy }) => busy)
        .flatMap(({ subject, current, previous }) =>
          [previous, current].map(({ minute, pending }) => ({ ...subject, minute, used: pending })),
        ),
    learn: (totals) => {
      for (const total of totals) {
        const entry = entries.peek(nameOf(total))
        const cell = [entry?.current, entry?.previous].find((each) => each?.minute === total.minute)
        if (!entry || !cell) continue
        cell.shared = total.used
        cell.pending -= total.sent
        entry.busy = entry.current.pending + entry.previous.pending > 0
      }
    },
  }
}
