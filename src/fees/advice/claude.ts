import Anthropic from '@anthropic-ai/sdk'
import type { Clock } from '../../core/clock.ts'
import type { Question } from './adviser.ts'
import { failureOf, ReplyTooLong } from './failure.ts'
import { type Reply, replyOf } from './reply.ts'
import { requestFor } from './request.ts'

/** An answer within its bounds has some 5 kB. */
const MOST_BYTES = 65_536

export interface ClaudeOptions {
  apiKey: string
  /** Instead of Anthropic's own. */
  baseUrl?: string | undefined
  model: string
  /** By which a Retry-After that is a date is read. */
  clock: Clock
}

/** The model behind its API. */
export interface Claude {
  readonly model: string
  /** Asks once, without retries, until the signal ends it, be it in the middle of the body. Rejects only for a bug. */
  call(question: Question, signal: AbortSignal): Promise<Reply>
}

// The SDK itself reads a body to its end, however long that is.
const boundedFetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
  const response = await fetch(input, init)
  let bytes = 0
  const bounded = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      bytes += chunk.byteLength
      if (bytes > MOST_BYTES) controller.error(new ReplyTooLong())
      else controller.enqueue(chunk)
    },
  })
  return new Response(response.body?.pipeThrough(bounded) ?? null, response)
}

/** Connects to the Messages API through Anthropic's SDK. Nothing that it answers or logs holds the key. */
export const createClaude = ({ apiKey, baseUrl, model, clock }: ClaudeOptions): Claude => {
  const client = new Anthropic({
    apiKey,
    // Null, because the SDK reads an environment variable where it is undefined.
    baseURL: baseUrl ?? null,
    maxRetries: 0,
    logLevel: 'off',
    fetch: boundedFetch,
    // A redirect would take the key elsewhere.
    fetchOptions: { redirect: 'manual' },
  })
  return {
    model,
    call: async (question, signal) => {
      const request = requestFor(model, question)
      try {
        return replyOf(await client.messages.create(request, { signal }))
      } catch (error) {
        return failureOf(error, signal, clock.now(), apiKey)
      }
    },
  }
}
