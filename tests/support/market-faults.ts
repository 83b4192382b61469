import type { SourceName } from '../../src/market/source.ts'
import type { MarketState } from './market-state.ts'

/** What can be wrong with an answer. Circle's status can be neither stale nor absurd; only gas can be null. */
export const FAULTS = [
  'rate_limited',
  'rate_limited_with_retry_after',
  'server_error',
  'html',
  'forbidden_html',
  'empty_object',
  'truncated',
  'hang',
  'stall',
  'drop',
  'oversized',
  'redirect',
  'stale',
  'absurd',
  'null_gas',
] as const
export type Fault = (typeof FAULTS)[number]

/** Seconds in the Retry-After of `rate_limited_with_retry_after`. */
export const RETRY_AFTER = 1200

/** Older than any source may be. */
export const STALE_MS = 8 * 86_400_000

/** The market as a source with the fault sees it. */
export const spoilt = (state: MarketState, source: SourceName, fault: Fault | undefined): MarketState => {
  const { mids, gas, prices } = state
  if (fault === 'null_gas') return { ...state, priorityFees: [], gas: { ...gas, [source]: null } }
  if (fault !== 'absurd') return state
  return {
    ...state,
    mids: { ...mids, [source]: { ...mids.exchangerate_api, EUR: '874.2' } },
    gas: { ...gas, [source]: '900000000000000000' },
    priorityFees: ['90000000000000'],
    prices: source === 'coingecko' ? { ...prices, ETH: '0.02' } : prices,
  }
}

export const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }
const HTML_TYPE = { 'content-type': 'text/html; charset=UTF-8' }
const PAGE = '<!DOCTYPE html><title>Just a moment...</title>'

/** Sends the start of a body, and then does what it is told whenever more could be sent. */
const startOf = (text: string, andThen: (controller: ReadableStreamDefaultController) => void): Response =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text.slice(0, text.length / 2))),
      pull: andThen,
    }),
    { headers: JSON_TYPE },
  )

/** The answer with the fault: each is good for those who do not look, such as JSON behind a redirect. */
export const faulty = (fault: Fault, text: string, url: URL): Response | Promise<Response> => {
  switch (fault) {
    case 'rate_limited':
      return new Response('{"status":{"error_code":429}}', { status: 429, headers: JSON_TYPE })
    case 'rate_limited_with_retry_after':
      return new Response('{"status":{"error_code":429}}', {
        status: 429,
        headers: { ...JSON_TYPE, 'retry-after': String(RETRY_AFTER) },
      })
    case 'server_error':
      return new Response(text, { status: 500, headers: JSON_TYPE })
    case 'html':
      return new Response(PAGE, { headers: HTML_TYPE })
    case 'forbidden_html':
      return new Response(PAGE, { status: 403, headers: HTML_TYPE })
    case 'empty_object':
      return new Response('{}', { headers: JSON_TYPE })
    case 'truncated':
      return new Response(text.slice(0, -1), { headers: JSON_TYPE })
    case 'hang':
      return new Promise(() => {})
    case 'stall':
      return startOf(text, () => {})
    case 'drop':
      // Without an error, because Bun would print it.
      return startOf(text, (controller) => controller.error())
    case 'oversized':
      // Good JSON all the same: only its length is wrong.
      return new Response(text + ' '.repeat(2 ** 20), { headers: JSON_TYPE })
    case 'redirect': {
      // Leads to a good answer, for those who follow.
      const good = new URL(url)
      good.searchParams.set('redirected', 'true')
      return Response.redirect(good.toString(), 302)
    }
    case 'stale':
    case 'absurd':
    case 'null_gas':
      // The text is wrong already.
      return new Response(text, { headers: JSON_TYPE })
  }
}
