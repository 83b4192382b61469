const DEADLINE_MS = 15_000
const PAUSE_MS = 120
const RETRY_MS = 50

interface Answer {
  status: number
  body: Record<string, unknown>
  retryAfter: string | null
}

export interface LoadOptions {
  url: string
  key?: string
  clients: number
  /** Payments at most. */
  most: number
}

/**
 * Clients as the documentation asks for them: each quotes and pays with an Idempotency-Key, repeats a call that got
 * no answer or a 5xx with the same key, looks at its payment, and sends some payments twice on purpose.
 */
export const startLoad = ({ url, key, clients, most }: LoadOptions) => {
  /** Payment id by idempotency key, of every 202. */
  const accepted = new Map<string, string>()
  /** Answers that no documented behaviour explains. */
  const wrong: string[] = []
  const count = { calls: 0, unavailable: 0, refused: 0, cut: 0, hung: 0, replayed: 0, started: 0 }
  let lastAcceptedAt = 0
  let over = false

  const judge = (path: string, { status, body, retryAfter }: Answer): void => {
    if (status < 400) return
    if (status === 503) count.unavailable++
    const { error, message, request_id, ...more } = body
    const documented =
      status === 503 &&
      error === 'SERVICE_UNAVAILABLE' &&
      typeof message === 'string' &&
      typeof request_id === 'string' &&
      Object.keys(more).length === 0 &&
      Number(retryAfter) > 0
    if (!documented)
      wrong.push(`${path} answered ${status} ${JSON.stringify(body)} Retry-After ${retryAfter}`)
  }

  /** One call; null when no answer came. */
  const call = async (method: string, path: string, body?: object, headers = {}): Promise<Answer | null> => {
    count.calls++
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(key && { authorization: `Bearer ${key}` }),
          ...headers,
        },
        signal: AbortSignal.timeout(DEADLINE_MS),
        ...(body && { body: JSON.stringify(body) }),
      })
      const answer = {
        status: response.status,
        body: (await response.json()) as Record<string, unknown>,
        retryAfter: response.headers.get('retry-after'),
      }
      judge(path, answer)
      return answer
    } catch (error) {
      if (error instanceof DOMException && error.name === 'TimeoutError') count.hung++
      else if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') count.refused++
      else count.cut++
      return null
    }
  }

  /** Repeats a call until it is answered with less than 500; null when the load is over before that. */
  const persist = async (...args: Parameters<typeof call>): Promise<Answer | null> => {
    for (;;) {
      const answer = await call(...args)
      if (answer && answer.status < 500) return answer
      if (over) return null
      await Bun.sleep(RETRY_MS)
    }
  }

  const payOnce = async (): Promise<void> => {
    const number = count.started++
    const quote = await persist('POST', '/quotes', {
      from_currency: 'USD',
      to_currency: 'EUR',
      amount: 100_000,
    })
    if (!quote) return
    const request = {
      amount: 100_000,
      currency: 'EUR',
      source_account: 'user123',
      destination_account: 'merchant456',
      quote_id: quote.body.quote_id,
    }
    const idempotencyKey = crypto.randomUUID()
    const send = () => persist('POST', '/payments', request, { 'idempotency-key': idempotencyKey })
    const first = await send()
    if (first?.status !== 202) return
    const id = String(first.body.payment_id)
    accepted.set(idempotencyKey, id)
    lastAcceptedAt = performance.now()
    if (number % 3 === 0) {
      const again = await send()
      if (again) count.replayed++
      if (again && again.body.payment_id !== id) wrong.push(`one key made ${id} and ${again.body.payment_id}`)
    }
    const seen = await persist('GET', `/payments/${id}`)
    if (seen && seen.body.payment_id !== id)
      wrong.push(`${id} was answered with ${JSON.stringify(seen.body)}`)
  }

  const client = async (): Promise<void> => {
    while (!over && count.started < most) {
      await payOnce()
      await Bun.sleep(PAUSE_MS)
    }
  }
  const finished = Promise.all(Array.from({ length: clients }, client))

  const stop = async (): Promise<void> => {
    over = true
    await finished
  }
  return {
    accepted,
    wrong,
    count,
    lastAcceptedAt: () => lastAcceptedAt,
    /** Starts no more payments, and waits for the calls that are under way. */
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

export type Load = ReturnType<typeof startLoad>
