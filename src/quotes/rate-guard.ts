import { AppError } from '../core/errors.ts'
import { worstOf } from '../market/facts.ts'
import type { Mid } from '../market/service.ts'

/** What to do when the market data is doubted: lower the rate by so many bps, or promise nothing. */
export interface DoubtPolicy {
  onDoubt: 'buffer' | 'refuse'
  bufferBps: number
}

const DOUBT_TEXT = {
  fx_disagreement: 'the two exchange rate sources disagree',
  usdc_off_peg: 'USDC is not trading at one US dollar',
} as const

const unavailable = (why: string) =>
  new AppError('RATE_UNAVAILABLE', `No rate can be guaranteed right now: ${why}`, undefined, {
    retryAfterSeconds: 30,
  })

/**
 * What a rate made of these mids is worth: the worse of their sources, and the bps to take off it. Throws
 * RATE_UNAVAILABLE for a sample rate where real money would move, and for a doubted one when the policy refuses.
 */
export const guardRate = (mids: readonly Mid[], realMoney: boolean, policy: DoubtPolicy) => {
  const rateSource = worstOf(mids.map(({ source }) => source))
  if (realMoney && rateSource === 'fallback') throw unavailable('no market source has answered')
  const [doubt] = mids.flatMap(({ doubts }) => doubts)
  if (doubt && policy.onDoubt === 'refuse') throw unavailable(DOUBT_TEXT[doubt])
  return { rateSource, marketBufferBps: doubt ? policy.bufferBps : 0 }
}
