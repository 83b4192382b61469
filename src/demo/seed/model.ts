import { type Chance, createChance } from './chance.ts'
import type { PlayedClock } from './time.ts'

/** The key that the played model wants. */
export const PLAYED_KEY = 'played-by-dashboard-seed'

/** How often the model fails, and how, by weight: overloaded, refusing, cut off, talking, choosing what is not there. */
const ENDINGS = { choice: 92, overloaded: 3, refusal: 1, truncated: 1, prose: 2, wrong_provider: 1 } as const

/** Tokens of the part of the prompt that is always the same, and for how long they are cached. */
const PROMPT_TOKENS = 1_130
const CACHED_MS = 5 * 60_000

/** How long it thinks in the middle. */
const THINKS_MS = 700

/** Rough size of a token. */
const CHARACTERS_PER_TOKEN = 3.6

interface Option {
  name: string
}

interface Shown {
  chain: string
  eligible: boolean
  score?: number
  gas_usd?: string
  minutes?: [number, number]
  onramps?: Option[]
  offramps?: Option[]
}

interface Asked {
  corridor: string
  amount_band: string
  priority: string
  chains: Shown[]
}

const choiceOn = ({ corridor, amount_band, priority, chains }: Asked, chance: Chance) => {
  const [best] = chains.filter(({ eligible }) => eligible).sort((a, b) => (b.score ?? 0) - (a.score ?? 0))
  const [least, most] = best?.minutes ?? [0, 0]
  const large = /000 USD/.test(amount_band)
  return {
    reasoning:
      `For ${corridor}, ${amount_band}, ${best?.chain} has the best score at ${best?.gas_usd} USD of gas ` +
      `and usually settles in ${least} to ${most} minutes, which suits ${priority} priority.`,
    chain: best?.chain ?? 'none',
    onramp: best?.onramps?.[0]?.name ?? '',
    offramp: best?.offramps?.[0]?.name ?? '',
    risk_premium_bps: chance.integer(large ? 3 : 0, large ? 12 : 5),
    confidence: chance.integer(82, 96) / 100,
    risk_factors: large ? ['A large amount waits for two legs'] : [],
  }
}

const refused = () =>
  Response.json(
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    { status: 529 },
  )

/** Plays the model behind the Messages API on this machine. Its answers are drawn, and time passes while it thinks. */
export const startModel = (seed: string, clock: PlayedClock) => {
  const chance = createChance(`${seed}/model`)
  let cachedUntil = 0

  const answer = (asked: Asked, length: number): Response => {
    const ending = chance.weighted(ENDINGS)
    if (ending === 'overloaded') return refused()
    const choice = choiceOn(asked, chance)
    const good = JSON.stringify(ending === 'wrong_provider' ? { ...choice, onramp: 'elsewhere' } : choice)
    const texts: Partial<Record<typeof ending, string>> = {
      refusal: '',
      truncated: good.slice(0, good.length / 2),
      prose: `I would take ${choice.chain}.`,
    }
    const text = texts[ending] ?? good
    const stops: Partial<Record<typeof ending, string>> = { refusal: 'refusal', truncated: 'max_tokens' }
    const cached = clock.now() < cachedUntil
    cachedUntil = clock.now() + CACHED_MS
    return Response.json({
      id: 'msg_played',
      type: 'message',
      role: 'assistant',
      model: 'played',
      content: text ? [{ type: 'text', text }] : [],
      stop_reason: stops[ending] ?? 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: Math.round(length / CHARACTERS_PER_TOKEN),
        output_tokens: Math.round(text.length / CHARACTERS_PER_TOKEN) + 1,
        cache_creation_input_tokens: cached ? 0 : PROMPT_TOKENS,
        cache_read_input_tokens: cached ? PROMPT_TOKENS : 0,
      },
    })
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { messages } = (await request.json()) as { messages: [{ content: string }] }
      const [{ content }] = messages
      await clock.moveTo(clock.now() + Math.round(THINKS_MS * Math.exp(0.35 * chance.normal())))
      return answer(JSON.parse(content) as Asked, content.length)
    },
  })
  return { url: server.url.origin, stop: () => server.stop(true) }
}
