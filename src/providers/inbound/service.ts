import { AppError } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Inbound, InboundEvent, Provider } from '../port.ts'
import type { InboundStore } from './store.ts'

/** Longer than any provider repeats an event, so that a repetition is always known. */
const KEEP_DAYS = 30
const SWEEP_BATCH = 5_000

/** No event of a provider names as many things. */
const MOST_NAMES = 32
/** Ids and names are printable and short; the rest is not looked for, nor written down. */
const NAME = /^[\x21-\x7e]{1,200}$/

/** Seconds until a message may be sent again whose signature could not be checked. */
const RETRY_SECONDS = 5

export interface InboundDeps {
  providers: readonly Pick<Provider, 'name' | 'inbound'>[]
  store: InboundStore
  log: Logger
  /** Longest that the check of a signature may take, milliseconds. */
  deadlineMs: number
  /** Called when steps of payments can run at once. */
  wake(): void
}

type Message = Parameters<Inbound['read']>[0]

/** Takes what providers send to us of their own accord. It is never believed: all it does is have them asked sooner. */
export const createInboundService = ({ providers, store, log, deadlineMs, wake }: InboundDeps) => {
  const inbounds = new Map(providers.flatMap(({ name, inbound }) => (inbound ? [[name, inbound]] : [])))

  const inboundOf = (provider: string): Inbound => {
    const inbound = inbounds.get(provider)
    if (!inbound) throw new AppError('NOT_FOUND', 'No provider of that name sends events to this address')
    return inbound
  }

  const read = async (provider: string, message: Message): Promise<InboundEvent | null> => {
    const inbound = inboundOf(provider)
    try {
      return await inbound.read(message, AbortSignal.timeout(deadlineMs))
    } catch (cause) {
      const text = 'the signature cannot be checked right now, send it again'
      throw new AppError('SERVICE_UNAVAILABLE', text, undefined, { cause, retryAfterSeconds: RETRY_SECONDS })
    }
  }

  return {
    /** Throws NOT_FOUND unless that provider sends events here. */
    assertKnown: (provider: string): void => void inboundOf(provider),

    /**
     * Takes a message of the provider: the payments that it is about take their next step at once. Throws NOT_FOUND for a
     * provider that sends nothing, UNAUTHORIZED unless the message is one of its own, and SERVICE_UNAVAILABLE when that
     * cannot be told now.
     */
    receive: async (provider: string, message: Message, requestId: string): Promise<void> => {
      const event = await read(provider, message)
      if (!event || !NAME.test(event.id))
        throw new AppError('UNAUTHORIZED', 'This is not a signed message of the provider')
      const names = [...new Set(event.names)].filter((name) => NAME.test(name)).slice(0, MOST_NAMES)
      if (names.length === 0) return
      const subjects = await store.record(provider, { id: event.id, names }, names.filter(isUuid))
      if (subjects.length === 0) return
      for (const { account_id, payment_id } of subjects)
        log.info(
          { payment_id, account_id, provider, event_id: event.id, request_id: requestId },
          'a provider has news of a payment',
        )
      const missed = subjects.filter(({ woken }) => !woken)
      if (missed.length > 0) await store.wake(missed)
      wake()
    },

    /** Forgets events that cannot come again; answers how many. */
    sweep: async (): Promise<number> => {
      let total = 0
      for (let gone = SWEEP_BATCH; gone === SWEEP_BATCH; total += gone)
        gone = await store.sweep(KEEP_DAYS, SWEEP_BATCH)
      return total
    },
  }
}

export type InboundService = ReturnType<typeof createInboundService>
