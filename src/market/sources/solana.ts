import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Integer, Numeral, scaled } from '../../core/decimal.ts'
import type { Source } from '../source.ts'
import { failure, inShape, parseAnswer, plausibleWhole } from './answer.ts'

const NAME = 'solana_rpc'

/** USDC on Solana: minting and redeeming write to it, so the fees asked for are those of our kind of transaction. */
const USDC_MINT = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v'

/** Micro-lamports that are offered at the least, as Circle's own adapter for Solana does: most slots ask for none. */
const FLOOR = 2_000n

/** A thousand lamports for one compute unit, 500,000 times the floor. */
const MOST = 1_000_000_000n

const Answer = Type.Object({ result: Type.Array(Type.Object({ prioritizationFee: Numeral })) })
const Refusal = Type.Object({ error: Type.Object({ code: Type.String({ pattern: '^-?\\d{1,6}$' }) }) })

/** The priority fee on Solana, on top of 5,000 lamports for each signature. */
export const SolanaFee = Type.Object({
  /** Micro-lamports for one compute unit. */
  micro_lamports: Integer,
})
export type SolanaFee = Static<typeof SolanaFee>

/** The 75th percentile by nearest rank, of none the floor. */
const upperQuartile = (fees: readonly bigint[]): bigint => {
  const sorted = fees.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return sorted[Math.ceil(sorted.length * 0.75) - 1] ?? FLOOR
}

const read = (body: string): SolanaFee => {
  const json = parseAnswer(NAME, body)
  if (Value.Check(Refusal, json))
    throw failure(NAME, 'refused', `refused to answer: JSON-RPC error ${json.error.code}`)
  const { result } = inShape(NAME, Answer, json)
  if (result.length === 0) throw failure(NAME, 'empty', 'knows of no recent block')
  // A slot's fee is the least that got in, so zero only says that the slot had room.
  const fees = result.map((slot) => scaled(slot.prioritizationFee, 0)).filter((fee) => fee !== 0n)
  const fee = upperQuartile(fees)
  return {
    micro_lamports: plausibleWhole(NAME, 'priority fee', fee > 0n && fee < FLOOR ? FLOOR : fee, MOST),
  }
}

/**
 * Priority fees of the last 150 blocks from a Solana RPC.
 * https://solana.com/docs/rpc/http/getrecentprioritizationfees
 */
export const solana = (url: string): Source<SolanaFee> => ({
  name: NAME,
  request: {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'getRecentPrioritizationFees',
      params: [[USDC_MINT]],
    }),
  },
  value: SolanaFee,
  read,
})
