import type { Clock } from '../../core/clock.ts'
import { drawInteger } from '../../providers/sandbox/draw.ts'

/** Of a thousand events, those that the healthy receiver takes only when they come again. */
const STUMBLES = 40

/** When the healthy receiver is restarted, and takes nothing: from and to, in milliseconds before the end. */
const RESTART_MS = [7.2 * 3_600_000, 7.05 * 3_600_000] as const

interface Told {
  data: {
    payment_id?: string
    sequence?: number
    amount?: number
    currency?: string
    guaranteed_payout?: number
    payout_currency?: string
  }
}

const problem = (status: number, error: string) => Response.json({ error }, { status })

/**
 * Plays two receivers of webhooks on this machine: one that is well but for a restart and a stumble now and then, and one
 * that cannot read amounts without decimals.
 */
export const startReceivers = (seed: string, clock: Clock, end: number) => {
  const seen = new Set<string>()

  const orders = (id: string, { data }: Told): Response => {
    const before = end - clock.now()
    if (before < RESTART_MS[0] && before > RESTART_MS[1]) return problem(503, 'restarting')
    const again = seen.has(id)
    seen.add(id)
    const draw = drawInteger(seed, `${data.payment_id}/${data.sequence}`, 'stumble', 0, 999)
    return draw < STUMBLES && !again
      ? problem(503, 'could not get a connection from the pool')
      : new Response(null, { status: 204 })
  }

  const accounting = ({ data }: Told): Response => {
    if (data.currency === 'JPY') return problem(500, `amount ${data.amount}: two decimals expected`)
    if (data.payout_currency === 'JPY')
      return problem(500, `amount ${data.guaranteed_payout}: two decimals expected`)
    return new Response(null, { status: 204 })
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const told = (await request.json()) as Told
      const id = request.headers.get('webhook-id') ?? ''
      return new URL(request.url).pathname === '/orders' ? orders(id, told) : accounting(told)
    },
  })
  const at = (path: string) => new URL(path, server.url).href
  return { orders: at('/orders'), accounting: at('/accounting'), stop: () => server.stop(true) }
}
