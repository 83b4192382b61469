import type { TSchema } from '@sinclair/typebox'

/** Every source of market data, by the name that the API, the log and the database show. */
export const SOURCE_NAMES = [
  'exchangerate_api',
  'frankfurter',
  'beaconchain',
  'blockscout_base',
  'blockscout_polygon',
  'blockscout_arbitrum',
  'solana_rpc',
  'circle_status',
  'coingecko',
] as const

export type SourceName = (typeof SOURCE_NAMES)[number]

/** Why a source gave no usable value. */
export type SourceFailure =
  | 'timeout'
  | 'unreachable'
  | 'rate_limited'
  | 'http_error'
  | 'too_large'
  | 'not_json'
  | 'refused'
  | 'unexpected_shape'
  | 'empty'
  | 'stale'
  | 'absurd'

/** A source that gave no usable value, with a sentence that names what was wrong; never a key, a URL or a body. */
export class SourceError extends Error {
  override readonly name = 'SourceError'

  constructor(
    readonly reason: SourceFailure,
    message: string,
    /** Milliseconds after which the source said that it may be asked again. */
    readonly retryAfterMs?: number,
  ) {
    super(message)
  }
}

/** The documented request. Secrets go into headers only, for URLs end up in logs. */
export interface SourceRequest {
  url: string
  method: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body?: string
}

/**
 * One outside API. Its value is JSON-safe, with every decimal as text, so that it can be stored, shown to a model
 * and read again without a float in between.
 */
export interface Source<T = unknown> {
  readonly name: SourceName
  readonly request: SourceRequest
  /** The shape of the value, by which a stored one is checked before it is trusted again. */
  readonly value: TSchema
  /** Turns the text of a 200 into the value. Throws SourceError; `nowMs` judges staleness. */
  read(body: string, nowMs: number): T
}
