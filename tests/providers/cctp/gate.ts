import { createClient, type Hex, http, keccak256 } from 'viem'
import { getTransactionReceipt } from 'viem/actions'
import type { Sql } from '../../../src/db/client.ts'

/** What a rail is about to do outside itself: a statement, a question to a node by its method, or a path at Iris. */
export interface Step {
  /** 1 for the first. */
  number: number
  what: string
  /** Hex of a transaction that is about to be sent. */
  raw: string | null
}

/** What a node is made to say instead of its own answer. */
export interface Lie {
  result: unknown
}

export type Watch = (step: Step) => Promise<Lie | undefined> | Lie | undefined

interface Rpc {
  id?: number
  method?: string
  params?: unknown[]
}

/** Resolves once the node shows the receipt, which it makes a moment after it takes a transaction. */
const inBlock = async (url: string, hash: Hex): Promise<void> => {
  const client = createClient({ transport: http(url) })
  while (!(await getTransactionReceipt(client, { hash }).catch(() => null)));
}

/**
 * Everything that a rail does outside goes through here, one counted step after another. The watch sees each before it is
 * taken: it may hold it up, lie about it, or throw, and then nothing happens. What is sent is in a block when the answer
 * comes, so that every way over the rail has the same steps.
 */
export const startGate = () => {
  let watch: Watch = () => undefined
  let number = 0
  const pass = async (what: string, raw: string | null = null): Promise<Lie | undefined> => {
    number += 1
    return watch({ number, what, raw })
  }

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url)
      const [, port, ...path] = pathname.split('/')
      const body = request.method === 'POST' ? await request.text() : ''
      const { id, method, params } = (body ? JSON.parse(body) : {}) as Rpc
      const raw = method === 'eth_sendRawTransaction' ? String(params?.[0]) : null
      try {
        const lie = await pass(method ?? `/${path.join('/')}`, raw)
        if (lie) return Response.json({ jsonrpc: '2.0', id, ...lie })
      } catch {
        return new Response(null, { status: 500 })
      }
      const target = `http://127.0.0.1:${port}/${path.join('/')}${search}`
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(target, {
        method: request.method,
        headers,
        keepalive: false,
        ...(body ? { body } : {}),
      })
      const said = await answer.text()
      if (raw && said.includes('"result"')) await inBlock(target, keccak256(raw as Hex))
      return new Response(said, { status: answer.status, headers })
    },
  })

  return {
    /** Where a local server is reached through the gate. */
    via: (url: string): string => `http://127.0.0.1:${server.port}/${new URL(url).port}`,
    /** The database through the gate. */
    sql: (sql: Sql): Sql =>
      new Proxy(sql, {
        get: (target, name) =>
          name === 'unsafe'
            ? async (...given: Parameters<Sql['unsafe']>) => {
                await pass('sql')
                return target.unsafe(...given)
              }
            : Reflect.get(target, name),
      }),
    /** Starts to count anew, and shows each step to the watch. */
    watch: (next: Watch): void => {
      number = 0
      watch = next
    },
    steps: (): number => number,
    stop: () => server.stop(true),
  }
}
