import type { RateSource } from './facts.ts'
import type { SourceName } from './source.ts'
import type { SourceValues } from './sources/index.ts'
import { statusAt } from './timing.ts'

/** The last good value of a source and when it was fetched, epoch milliseconds of this process's clock. */
export interface Reading<T = unknown> {
  readonly value: T
  readonly fetchedAt: number
}

export type Readings = { readonly [Name in SourceName]?: Reading<SourceValues[Name]> }

/** A value that may be used, and whether it is still live. */
export interface Usable<T> {
  value: T
  status: Exclude<RateSource, 'fallback'>
}

/** The source's value unless it never had one or it is too old by now. */
export const usable = <Name extends SourceName>(
  readings: Readings,
  name: Name,
  nowMs: number,
): Usable<SourceValues[Name]> | null => {
  const reading: Reading<SourceValues[Name]> | undefined = readings[name]
  if (!reading) return null
  const status = statusAt(name, nowMs - reading.fetchedAt)
  return status === 'fallback' ? null : { value: reading.value, status }
}
