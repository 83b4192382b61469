/** What can be wrong with an answer of the Messages API, or with the model's part of it. */
export const CLAUDE_FAULTS = [
  'unauthorized',
  'forbidden',
  'rate_limited',
  'rate_limited_with_retry_after',
  'server_error',
  'overloaded',
  'bad_request',
  'silent',
  'stalled',
  'dropped',
  'html',
  'broken_envelope',
  'oversized',
  'redirect',
  'no_text',
  'refusal',
  'truncated',
  'invalid_json',
  'fenced_json',
  'missing_field',
  'extra_field',
  'unknown_chain',
  'ineligible_chain',
  'unknown_onramp',
  'unknown_offramp',
  'greedy',
  'negative_premium',
  'negative_confidence',
  'overconfident',
] as const
export type ClaudeFault = (typeof CLAUDE_FAULTS)[number]

/** Seconds in the Retry-After of `rate_limited_with_retry_after`. */
export const CLAUDE_RETRY_AFTER = 17

const JSON_TYPE = { 'content-type': 'application/json' }

/** An error as the API words it; `type` is its documented name for the status. */
const apiError = (status: number, type: string, message: string, headers: Record<string, string> = {}) =>
  Response.json(
    { type: 'error', error: { type, message }, request_id: 'req_played' },
    { status, headers: { 'request-id': 'req_played', ...headers } },
  )

export const unauthorized = () => apiError(401, 'authentication_error', 'invalid x-api-key')
export const badRequest = (message: string) => apiError(400, 'invalid_request_error', message)

/** Sends the start of a body, and then does what it is told whenever more could be sent. */
const startOf = (text: string, andThen: (controller: ReadableStreamDefaultController) => void): Response =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text.slice(0, text.length / 2))),
      pull: andThen,
    }),
    { headers: JSON_TYPE },
  )

/** What goes wrong around the model; undefined when the fault is the model's own. */
export const faultyResponse = (
  fault: ClaudeFault,
  text: string,
  url: URL,
  echoed: string,
): Response | Promise<Response> | undefined => {
  switch (fault) {
    case 'unauthorized':
      // Says back what it was sent, as a careless proxy would.
      return apiError(401, 'authentication_error', `invalid credentials: ${echoed}`)
    case 'forbidden':
      return apiError(403, 'permission_error', 'not allowed to use the model')
    case 'rate_limited':
      return apiError(429, 'rate_limit_error', 'monthly spend limit reached')
    case 'rate_limited_with_retry_after':
      return apiError(429, 'rate_limit_error', 'rate limited', { 'retry-after': String(CLAUDE_RETRY_AFTER) })
    case 'server_error':
      return apiError(500, 'api_error', 'Internal server error')
    case 'overloaded':
      return apiError(529, 'overloaded_error', 'Overloaded')
    case 'bad_request':
      return badRequest('thinking.type.disabled is not supported for this model')
    case 'silent':
      return new Promise(() => {})
    case 'stalled':
      return startOf(text, () => {})
    case 'dropped':
      // Without an error, because Bun would print it.
      return startOf(text, (controller) => controller.error())
    case 'html':
      return new Response('<!DOCTYPE html><title>Just a moment...</title>', {
        headers: { 'content-type': 'text/html' },
      })
    case 'broken_envelope':
      return new Response(text.slice(0, -1), { headers: JSON_TYPE })
    case 'oversized':
      // Good JSON all the same: only its length is wrong.
      return new Response(text + ' '.repeat(2 ** 20), { headers: JSON_TYPE })
    case 'redirect': {
      // Leads to a good answer, for those who follow.
      const good = new URL(url)
      good.searchParams.set('redirected', 'true')
      return Response.redirect(good.toString(), 307)
    }
    default:
      return undefined
  }
}

export interface PlayedAnswer {
  reasoning: string
  chain: string
  onramp: string
  offramp: string
  risk_premium_bps: number
  confidence: number
  risk_factors: string[]
}

interface Said {
  text: string
  stopReason: string
}

const said = (value: unknown, stopReason = 'end_turn'): Said => ({
  text: typeof value === 'string' ? value : JSON.stringify(value),
  stopReason,
})

/** What the model says instead of a good answer. */
export const faultyWords = (fault: ClaudeFault | undefined, good: PlayedAnswer): Said => {
  const text = JSON.stringify(good)
  switch (fault) {
    case 'no_text':
      return said('')
    case 'refusal':
      return said('', 'refusal')
    case 'truncated':
      return said(text.slice(0, text.length / 2), 'max_tokens')
    case 'invalid_json':
      return said('Base, I would say.')
    case 'fenced_json':
      return said(`\`\`\`json\n${text}\n\`\`\``)
    case 'missing_field': {
      const { confidence: _left_out, ...rest } = good
      return said(rest)
    }
    case 'extra_field':
      return said({ ...good, total_fee: 1 })
    case 'unknown_chain':
      return said({ ...good, chain: 'tron' })
    case 'ineligible_chain':
      return said({ ...good, chain: 'ineligible' })
    case 'unknown_onramp':
      return said({ ...good, onramp: 'mallory' })
    case 'unknown_offramp':
      return said({ ...good, offramp: 'mallory' })
    case 'greedy':
      return said({ ...good, risk_premium_bps: 9_000 })
    case 'negative_premium':
      return said({ ...good, risk_premium_bps: -1 })
    case 'negative_confidence':
      return said({ ...good, confidence: -0.2 })
    case 'overconfident':
      return said({ ...good, confidence: 1.01 })
    default:
      return said(good)
  }
}
