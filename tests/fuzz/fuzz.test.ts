import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { startWebhookWorker } from '../../src/webhooks/worker.ts'
import { type Api, startApi } from '../api/support.ts'
import { ended, turn } from '../payments/support.ts'
import { type OpenApi, operationsOf } from '../support/openapi.ts'
import { receiver } from '../webhooks/support.ts'
import { curlOf } from './curl.ts'
import { createJudge } from './judge.ts'
import { harvest, type Pool, RECEIVER, resolved } from './pool.ts'
import { type Caller, type Draft, requestsFor } from './requests.ts'
import { throughApp, throughSocket, type Wire } from './send.ts'

const SEED = Number(process.env.FUZZ_SEED ?? crypto.getRandomValues(new Int32Array(1))[0])
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 20_000)
const OVER_SOCKETS = 1_000
/** No payout comes back here, and the sandbox sends no events, so that none can be signed by its provider. */
const OUT_OF_REACH = [
  'post /payments/{id}/review',
  'post /providers/{provider}/events',
  'get /providers/{provider}/events',
]
/** Sent at once, so that they meet each other. */
const BATCH = 25
/** Batches between two rounds of the payments' worker. */
const WORK_EVERY = 20
/** No answer takes a hundredth of it. */
const HUNG_MS = 20_000

let api: Api
let document: OpenApi
let port: number
let inbox: ReturnType<typeof receiver>
/** Whoever revokes one of these knocks at closed doors from then on. */
let callersKeys: ReadonlySet<unknown>
beforeAll(async () => {
  // A call of the sandbox that is late on a busy machine would be asked about again, and again.
  api = await startApi({ env: { PROVIDER_DEADLINE_MS: '12000' } })
  document = JSON.parse((await api.send('GET', '/openapi.json')).text)
  const keys = await api.harness.database.sql<{ id: string }[]>`select id from api_keys`
  callersKeys = new Set(keys.map(({ id }) => `key_${id}`))
  inbox = receiver()
  await startWebhookWorker(api.harness.boss, api.harness.services.webhooks)
  api.app.listen({ port: 0, hostname: '127.0.0.1' })
  port = api.app.server?.port ?? 0
  console.log(`fuzz: FUZZ_SEED=${SEED} FUZZ_REQUESTS=${REQUESTS}`)
})
afterAll(async () => {
  await api.app.stop(true)
  await api.stop()
  await inbox.stop()
})

const keyOf = (caller: Caller): Record<string, string> => {
  if (caller === 'nobody') return {}
  if (caller === 'garbage') return { authorization: "Bearer ' or 1=1 --" }
  return { authorization: `Bearer ${api.keys[caller]}` }
}

/** As `Request` takes them: one line of Latin-1. */
const sendable = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?')]),
  )

const wireOf = ({ method, path, headers, body, caller }: Draft & { caller: Caller }, pool: Pool): Wire => ({
  method,
  path: resolved(path, pool),
  headers: sendable({ ...headers, ...keyOf(caller) }),
  body: typeof body === 'string' ? resolved(body, pool) : body,
})

/** Runs batches of requests, and throws with a line for curl for each that is not answered as documented. */
const fuzz = async (
  count: number,
  seed: number,
  send: (wire: Wire, judge: ReturnType<typeof createJudge>) => Promise<Judged>,
) => {
  const judge = createJudge(document)
  const pools = new Map<Caller, Pool>()
  const poolOf = (caller: Caller): Pool => {
    // One account has one pool; strangers try each other's ids now and then all the same, through marks of their own.
    const owner = caller === 'stranger' ? 'stranger' : 'own'
    const pool = pools.get(owner) ?? new Map([[RECEIVER, [inbox.url]]])
    pools.set(owner, pool)
    return pool
  }
  const succeeded = new Set<string>()

  const one = async (draft: Draft & { caller: Caller }): Promise<string[]> => {
    const wire = wireOf(draft, poolOf(draft.caller))
    const hung = Promise.withResolvers<Judged>()
    const timer = setTimeout(
      () => hung.resolve({ problems: ['there is no answer'], status: 0, body: null, path: wire.path }),
      HUNG_MS,
    )
    const { problems, status, body, path } = await Promise.race([send(wire, judge), hung.promise])
    clearTimeout(timer)
    const name = judge.operationOf(wire.method, path)
    if (name && status >= 200 && status < 300) {
      succeeded.add(name)
      harvest(poolOf(draft.caller), path.replace(/\/[^/]*[0-9a-f]{8}-[^/]*/, '/{id}'), body, callersKeys)
    }
    const curl = () => curlOf(wire.method, wire.path, wire.headers, wire.body)
    return problems.map((problem) => `${problem} (FUZZ_SEED=${SEED})\n${curl()}`)
  }

  let batches = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(requestsFor(document), { minLength: BATCH, maxLength: BATCH, size: 'max' }),
      async (drafts) => {
        const found = (await Promise.all(drafts.map(one))).flat()
        if (Reflect.get({}, 'polluted') !== undefined) found.push('the prototype of all objects was changed')
        if (found.length > 0) throw new Error(found.join('\n\n'))
        if (++batches % WORK_EVERY === 0) await turn(api.harness)
      },
    ),
    { seed, numRuns: Math.ceil(count / BATCH), endOnFailure: true },
  )
  return succeeded
}

interface Judged {
  problems: string[]
  status: number
  body: unknown
  path: string
}

const bodyOf = (text: string): unknown => (text.startsWith('{') ? JSON.parse(text) : null)

test('whatever is sent, every answer is documented: its status, its shape, and no fault of ours', async () => {
  const succeeded = await fuzz(REQUESTS - OVER_SOCKETS, SEED, async (wire, judge) => {
    const answer = await throughApp(api.app, wire)
    const problems = judge.problems(wire.method, answer.path, answer)
    return {
      problems,
      status: answer.status,
      body: answer.status < 300 ? bodyOf(answer.text) : null,
      path: answer.path,
    }
  })
  // Or the fuzzer only knocks at doors.
  if (REQUESTS >= 20_000)
    expect(
      operationsOf(document)
        .map(([name]) => name)
        .filter((name) => !succeeded.has(name)),
    ).toEqual(OUT_OF_REACH)
}, 300_000)

test('the same over real connections, where Bun may refuse what is no HTTP by itself', async () => {
  await fuzz(Math.min(OVER_SOCKETS, REQUESTS), SEED + 1, async (wire, judge) => {
    const answer = await throughSocket(port, wire)
    const [path = ''] = wire.path.split('?')
    if (!answer || (answer.text === '' && [400, 431, 505].includes(answer.status)))
      return { problems: [], status: 0, body: null, path }
    const problems = judge.problems(wire.method, path, answer)
    return { problems, status: answer.status, body: answer.status < 300 ? bodyOf(answer.text) : null, path }
  })
}, 300_000)

test('the books agree afterwards, and every payment that was accepted comes to its end', async () => {
  const { database, services } = api.harness
  const rows = await database.sql<{ id: string }[]>`select id from payments`
  expect(rows.length).toBeGreaterThan(REQUESTS / 1_000)
  const over = ended(
    api.harness,
    rows.map(({ id }) => id),
  )
  while (!(await over())) await turn(api.harness)
  const { total, findings } = await services.reconcile.run(2)
  expect(findings).toEqual([])
  expect(total).toBe(0)
}, 300_000)
