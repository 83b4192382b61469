import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { CLAUDE_FAULTS } from '../support/claude-faults.ts'
import { startClaudeServer } from '../support/claude-server.ts'
import { receiver } from '../webhooks/support.ts'
import { killServices, postmasterOf, runProgram, type Service, startService, urlOf } from './service.ts'

// No secret, key, account's name or Authorization value in any log, error, metric or URL that we print.
setDefaultTimeout(120_000)
const dataDir = mkdtempSync(join(tmpdir(), 'ratelock-secrets-'))
const claude = startClaudeServer({ key: 'sk-ant-marked-0123456789' })
/** A source that fails and says back all that it was sent, as a careless proxy would. */
const careless = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request) =>
    new Response(`${request.url} ${JSON.stringify([...request.headers])}`, {
      status: 500,
      headers: { location: request.url, 'x-echo': request.url },
    }),
})
const inbox = receiver((received) => new Response(JSON.stringify(received), { status: 500 }))
afterAll(async () => {
  await killServices()
  if (postmasterOf(dataDir)) await (await startEmbedded({ dataDir })).stop()
  await Promise.all([claude.stop(), careless.stop(true), inbox.stop()])
  rmSync(dataDir, { recursive: true, force: true })
})

const sourceUrl = (name: string) =>
  `http://user:marked-password-of-${name}@127.0.0.1:${careless.port}/?token=marked-token-of-${name}`
const SOURCES = [
  'FX_URL',
  'FX_CHECK_URL',
  'BEACONCHAIN_URL',
  'BLOCKSCOUT_URL_BASE',
  'SOLANA_RPC_URL',
  'COINGECKO_URL',
]
const KEYS = ['FX_API_KEY', 'BEACONCHAIN_API_KEY', 'BLOCKSCOUT_API_KEY', 'COINGECKO_API_KEY']
const SETTINGS = {
  LOG_LEVEL: 'trace',
  PORT: '0',
  AUTH_MODE: 'required',
  MARKET_DATA: 'live',
  MARKET_DEADLINE_MS: '300',
  ...Object.fromEntries(SOURCES.map((name) => [name, sourceUrl(name)])),
  ...Object.fromEntries(
    ['BLOCKSCOUT_URL_POLYGON', 'BLOCKSCOUT_URL_ARBITRUM', 'CIRCLE_STATUS_URL'].map((name) => [name, 'off']),
  ),
  ...Object.fromEntries(KEYS.map((name) => [name, `marked-key-of-${name}`])),
  ANTHROPIC_API_KEY: claude.key,
  ANTHROPIC_BASE_URL: claude.url,
  ANTHROPIC_DEADLINE_MS: '300',
  SANDBOX_FAULTS: 'refuse:0.2,fail:0.2,drop:0.1',
  PROVIDER_DEADLINE_MS: '300',
  POLL_FIRST_SECONDS: '1',
  SHUTDOWN_GRACE_MS: '2000',
}

const NAMES = { payer: 'marked-payer-4711', payee: 'marked-payee-0815' }
const IDEMPOTENCY = 'marked-idempotency-key'
const NOTE = 'marked-note-of-an-endpoint'

/** Everything that must not be read anywhere; what is only known later is added while the test runs. */
const secrets = new Set<string>(['marked-', claude.key, ...Object.values(NAMES), IDEMPOTENCY, NOTE])

/** What was answered with an error, and what /metrics showed. */
const shown: string[] = []

const callerOf = (url: string, key: string) => {
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...headers },
      ...(text === undefined ? {} : { body: text }),
    }).catch(() => undefined)
    if (!response) return null
    const answer = await response.text()
    if (response.status >= 400) shown.push(`${JSON.stringify([...response.headers])} ${answer}`)
    return answer.startsWith('{') ? JSON.parse(answer) : answer
  }
  return send
}

type Send = ReturnType<typeof callerOf>

const QUOTE = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }

const pay = async (send: Send, change: object = {}, headers: Record<string, string> = {}) => {
  const quote = await send('POST', '/quotes', QUOTE)
  const body = {
    amount: quote?.amount,
    currency: 'EUR',
    source_account: NAMES.payer,
    destination_account: NAMES.payee,
    quote_id: quote?.quote_id,
    ...change,
  }
  return send('POST', '/payments', body, headers)
}

/** Requests that are wrong in every place that holds something secret. */
const wrongRequests = async (send: Send, key: string): Promise<void> => {
  await send('POST', '/quotes', QUOTE, { authorization: `Bearer ${key.slice(0, -1)}x` })
  await send('POST', '/quotes', QUOTE, { authorization: `Basic ${btoa(`user:${key}`)}` })
  await send('GET', `/nope/${key}?api_key=${key}`)
  await send('GET', `/payments/${key}`)
  await send('GET', `/quotes/x?token=${key}`)
  await send('POST', '/payments', `{"source_account":"${NAMES.payer}","x":`)
  await pay(send, { source_account: NAMES.payer, destination_account: NAMES.payer })
  await pay(send, { source_account: `${NAMES.payer}\u202e` })
  await pay(send, { note: NAMES.payer })
  await pay(send, { amount: NAMES.payer })
  await pay(send, {}, { 'idempotency-key': `"${IDEMPOTENCY}` })
  await pay(send, {}, { 'idempotency-key': IDEMPOTENCY })
  await pay(send, {}, { 'idempotency-key': IDEMPOTENCY })
  await send('POST', '/webhooks/endpoints', {
    url: 'https://user:marked-password@127.0.0.1/?marked-token=1',
  })
  await send('POST', '/webhooks/endpoints', { url: 'ftp://127.0.0.1/marked-path' })
}

/** A webhook that fails, and whose secret nobody reads again. */
const failingWebhook = async (send: Send): Promise<void> => {
  const endpoint = await send('POST', '/webhooks/endpoints', {
    url: `${inbox.url}?token=marked-hook-token`,
    description: NOTE,
  })
  const rotated = await send('POST', `/webhooks/endpoints/${endpoint.id}/rotate-secret`, {})
  for (const { secret } of [endpoint, rotated]) secrets.add(secret).add(secret.slice('whsec_'.length))
  await send('POST', `/webhooks/endpoints/${endpoint.id}/test`)
}

/** The database refuses a row, and its error repeats the row. */
const refusedRow = async (sql: postgres.Sql, send: Send): Promise<void> => {
  await sql.unsafe(
    `alter table payments add constraint refused check (source_account <> '${NAMES.payer}') not valid`,
  )
  await sql.unsafe(
    `alter table webhook_endpoints add constraint refused check (description <> '${NOTE}') not valid`,
  )
  await pay(send, {}, { 'idempotency-key': `${IDEMPOTENCY}-2` })
  await send('POST', '/webhooks/endpoints', {
    url: `${inbox.url}?token=marked-hook-token-2`,
    description: NOTE,
  })
  await sql.unsafe('alter table payments drop constraint refused')
}

const leaksIn = (text: string): string[] =>
  text
    .split('\n')
    .flatMap((line) =>
      [...secrets]
        .filter((secret) => line.includes(secret))
        .map((secret) => `${secret} in ${line.slice(0, 2_000)}`),
    )

test('whatever goes wrong, nothing secret is printed, answered with an error, or counted by name', async () => {
  const service = startService({ ...SETTINGS, DATA_DIR: dataDir })
  await service.until(() => postmasterOf(dataDir))
  const url = await urlOf(service)
  const database = postmasterOf(dataDir)
  const databaseUrl = database?.url ?? ''
  secrets.add(new URL(databaseUrl).password)
  const { out } = await runProgram(['src/accounts/cli.ts', 'create', 'acme', 'read,write,admin'], {
    DATABASE_URL: databaseUrl,
  })
  const key = out.trim()
  secrets.add(key).add(key.slice(8))
  const other: Service = startService({ ...SETTINGS, ROLE: 'api', DATABASE_URL: databaseUrl })
  const send = callerOf(url, key)
  const sendOther = callerOf(await urlOf(other), key)
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })

  await failingWebhook(send)
  for (const caller of [send, sendOther]) await wrongRequests(caller, key)
  for (const source_account of [NAMES.payer, 'refuse_onramp', 'timeout_onramp', 'fail_onramp'])
    await pay(send, { source_account })
  const countries = ['DE', 'FR', 'IT', 'ES', 'PT', 'NL', 'BE', 'AT', 'IE', 'FI', 'SE', 'DK', 'PL', 'CZ', 'SK']
  for (const [index, fault] of CLAUDE_FAULTS.entries()) {
    claude.fault(fault)
    const destination_country = countries[index % countries.length]
    await send('POST', '/fees/calculate', {
      ...QUOTE,
      destination_country,
      customer_tier: index < 15 ? 'standard' : 'premium',
    })
  }
  await refusedRow(sql, send)
  await inbox.received(2)
  shown.push(String(await send('GET', '/metrics')))
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ratelock%'`
  for (let i = 0; i < 5; i++) await pay(send)
  await sql.end({ timeout: 1 })
  if (database) process.kill(database.pid, 'SIGQUIT')
  await service.until(async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 503)
  for (const caller of [send, sendOther]) {
    await caller('POST', '/payments', {
      amount: 1,
      currency: 'EUR',
      source_account: NAMES.payer,
      destination_account: NAMES.payee,
      quote_id: 'quote_x',
    })
    await caller('GET', '/payments?limit=1')
  }
  for (const each of [service, other]) each.kill('SIGTERM')
  await Promise.all([service.ended, other.ended])

  const printed = [service, other].flatMap(({ written }) => [written.out, written.err]).join('\n')
  // Or the test looks at nothing.
  for (const trouble of [
    '"code":"INTERNAL_ERROR"',
    '"code":"SERVICE_UNAVAILABLE"',
    'the model was asked',
    '"status":401',
    'webhook',
    '"level":"error"',
  ])
    expect(printed).toContain(trouble)
  expect(shown.join('\n')).toContain('INTERNAL_ERROR')
  expect(shown.join('\n')).toContain('ratelock_http_request_seconds_count')
  expect(leaksIn(printed)).toEqual([])
  expect(leaksIn(shown.join('\n'))).toEqual([])
})
