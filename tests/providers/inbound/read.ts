import type { Inbound, InboundEvent } from '../../../src/providers/port.ts'

/** 2026-11-23, when the tests' messages are signed unless they say otherwise. */
export const NOW = Date.parse('2026-11-23T12:00:00.000Z')
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** A clock that a test sets. */
export const settable = () => {
  const clock = { at: NOW, now: () => clock.at }
  return clock
}

/** A message as it arrives: the raw body, and headers of which a list stands for one that comes several times. */
export interface Sent {
  headers: Readonly<Record<string, string | readonly string[]>>
  body: string
}

/** What the provider's reader makes of a message. */
export const read = (inbound: Inbound, { headers, body }: Sent): Promise<InboundEvent | null> => {
  const pairs = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value as string]),
  )
  return inbound.read({ headers: new Headers(pairs), body }, new AbortController().signal)
}

/** The text with one of its characters replaced by another. */
export const altered = (text: string, index: number): string => {
  const at = index % text.length
  return text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1)
}
