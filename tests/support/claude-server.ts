import {
  badRequest,
  type ClaudeFault,
  faultyResponse,
  faultyWords,
  type PlayedAnswer,
  unauthorized,
} from './claude-faults.ts'

/** One request as it arrived. */
export interface ClaudeCall {
  path: string
  headers: Record<string, string>
  body: {
    model: string
    max_tokens: number
    thinking?: { type: string }
    system: { type: string; text: string; cache_control?: { type: string } }[]
    messages: { role: string; content: string }[]
    output_config: { format: { type: string; schema: Record<string, unknown> } }
    [more: string]: unknown
  }
  /** Epoch milliseconds by the server's clock. */
  at: number
  /** Ends when the client leaves before it has the whole answer. */
  left: Promise<void>
}

interface ShownChain {
  chain: string
  eligible: boolean
  onramps?: { name: string }[]
  offramps?: { name: string }[]
}

/** Tokens of each call: those of the system prompt are written to the prompt cache once and read from then on. */
export const PLAYED_TOKENS = { input: 420, output: 96, prompt: 1_130 }

const chainsIn = ({ body }: ClaudeCall): ShownChain[] => JSON.parse(body.messages[0]?.content ?? '').chains

/** The first eligible chain at its best rates, or another one that was shown. */
const answerTo = (call: ClaudeCall, wanted = (each: ShownChain) => each.eligible): PlayedAnswer => {
  const picked = chainsIn(call).find(wanted)
  return {
    reasoning: `${picked?.chain} is the first that may carry it.`,
    chain: picked?.chain ?? 'none',
    onramp: picked?.onramps?.[0]?.name ?? '',
    offramp: picked?.offramps?.[0]?.name ?? '',
    risk_premium_bps: 5,
    confidence: 0.92,
    risk_factors: ['Standard counterparty risk'],
  }
}

/** What the API itself refuses: missing headers and fields, and objects that the schema leaves open. */
const complaintAbout = ({ headers, body }: ClaudeCall): string | undefined => {
  if (!headers['anthropic-version']) return 'anthropic-version: header is required'
  if (!headers['content-type']?.includes('application/json')) return 'content-type must be application/json'
  for (const field of ['model', 'max_tokens', 'messages']) if (!body[field]) return `${field}: Field required`
  for (const field of ['temperature', 'top_p', 'top_k']) if (field in body) return `${field}: not supported`
  const { type, schema } = body.output_config.format
  if (type !== 'json_schema' || schema.type !== 'object') return 'output_config.format: unknown'
  if (schema.additionalProperties !== false) return 'output_config.format.schema: must be closed'
  return undefined
}

type Words = (call: ClaudeCall) => Partial<PlayedAnswer> | string

/** A server on this machine that speaks the Messages API as it is documented, and plays the model behind it. */
export const startClaudeServer = (options: { key?: string; now?: () => number } = {}) => {
  const { key = 'sk-ant-played', now = Date.now } = options
  const calls: ClaudeCall[] = []
  const arrivals = new Set<() => void>()
  const cached = new Set<string>()
  let fault: ClaudeFault | undefined
  let gate: PromiseWithResolvers<void> | undefined
  let thinks = false
  let answer: Words = () => ({})

  const usageOf = ({ body }: ClaudeCall) => {
    const prompt = JSON.stringify([body.model, body.system, body.output_config])
    const hit = cached.has(prompt)
    if (body.system[0]?.cache_control) cached.add(prompt)
    return {
      input_tokens: PLAYED_TOKENS.input,
      output_tokens: PLAYED_TOKENS.output,
      cache_creation_input_tokens: hit ? 0 : PLAYED_TOKENS.prompt,
      cache_read_input_tokens: hit ? PLAYED_TOKENS.prompt : 0,
    }
  }

  const messageTo = (call: ClaudeCall): string => {
    const wrong = fault === 'ineligible_chain'
    const good = answerTo(call, wrong ? (each) => !each.eligible : undefined)
    const words = answer(call)
    const { text, stopReason } =
      typeof words === 'string'
        ? { text: words, stopReason: 'end_turn' }
        : faultyWords(wrong ? undefined : fault, { ...good, ...words })
    return JSON.stringify({
      id: `msg_${calls.length}`,
      type: 'message',
      role: 'assistant',
      model: call.body.model,
      content: [
        ...(thinks ? [{ type: 'thinking', thinking: '{"chain":"solana"}', signature: 'c2ln' }] : []),
        ...(text ? [{ type: 'text', text }] : []),
      ],
      stop_reason: stopReason,
      stop_sequence: null,
      usage: usageOf(call),
    })
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: async (incoming) => {
      const url = new URL(incoming.url)
      const left = Promise.withResolvers<void>()
      incoming.signal.addEventListener('abort', () => left.resolve())
      const headers = Object.fromEntries(incoming.headers)
      const body = await incoming.json()
      const call: ClaudeCall = { path: url.pathname, headers, body, at: now(), left: left.promise }
      calls.push(call)
      for (const check of arrivals) check()
      await gate?.promise
      if (incoming.method !== 'POST' || url.pathname !== '/v1/messages')
        return new Response('{}', { status: 404 })
      if (headers.authorization !== `Bearer ${key}`) return unauthorized()
      const complaint = complaintAbout(call)
      if (complaint) return badRequest(complaint)
      const text = messageTo(call)
      const faulty =
        fault && !url.searchParams.has('redirected')
          ? faultyResponse(fault, text, url, headers.authorization)
          : undefined
      return faulty ?? new Response(text, { headers: { 'content-type': 'application/json' } })
    },
  })

  return {
    url: server.url.origin,
    key,
    calls,
    /** Ends when so many calls have arrived in all. */
    arrived: (count: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const check = () => {
        if (calls.length < count) return
        arrivals.delete(check)
        resolve()
      }
      arrivals.add(check)
      check()
      return promise
    },
    /** What the model answers: fields in place of its usual ones, or the whole text. */
    say: (words: ReturnType<Words> | Words): void => {
      answer = typeof words === 'function' ? words : () => words
    },
    fault: (kind: ClaudeFault | null): void => {
      fault = kind ?? undefined
    },
    /** Puts a thinking block before the text, as some models do. */
    think: (): void => {
      thinks = true
    },
    /** Lets calls arrive but answers none of them until the returned function is called. */
    hold: (): (() => void) => {
      const held = Promise.withResolvers<void>()
      gate = held
      return () => {
        if (gate === held) gate = undefined
        held.resolve()
      }
    },
    /** As it was at the start; a hold is released. */
    reset: (): void => {
      gate?.resolve()
      gate = undefined
      fault = undefined
      thinks = false
      answer = () => ({})
      calls.length = 0
      cached.clear()
    },
    stop: async (): Promise<void> => {
      gate?.resolve()
      await server.stop(true)
    },
  }
}

export type ClaudeServer = ReturnType<typeof startClaudeServer>
