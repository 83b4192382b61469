import { ownEntry } from '../../core/own-entry.ts'

/** What a documented status of a transfer means. */
export const STATES = {
  /** Nothing has moved, and nothing will unless it is executed before it expires; an expired one stays so. */
  quoted: 'unexecuted',
  processing: 'pending',
  completed: 'settled',
  failed: 'failed',
} as const

export type State = (typeof STATES)[keyof typeof STATES]

/** The state that a status stands for; undefined for one that is not documented. */
export const stateOf = (status: string): State | undefined => ownEntry(STATES, status)
