import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, until } from './chaos/service.ts'
import { emptyDatabase, type TestDatabase, testDatabase } from './support/database.ts'

const ROOT = join(import.meta.dir, '..')

let directory: string
let program: string
let database: TestDatabase

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ratelock-build-'))
  program = join(directory, 'ratelock')
  database = await testDatabase()
  const built = Bun.spawnSync([process.execPath, 'run', 'build', '--outfile', program], { cwd: ROOT })
  expect(built.exitCode).toBe(0)
}, 60_000)
afterAll(async () => {
  await database.drop()
  await rm(directory, { recursive: true, force: true })
})

test('the compiled program loads every module, away from its sources, and says what it needs', () => {
  // Nothing but a database is missing: what a computed import could not find would be told before.
  const started = Bun.spawnSync([program], { cwd: directory, env: { MARKET_DATA: 'sample' } })
  expect(started.stderr.toString()).toContain('set DATABASE_URL to a server of your own')
  expect(started.exitCode).toBe(1)
})

test('it carries the dashboard with script and style, and both documents of the API', async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const settings = { DATABASE_URL: database.url, MARKET_DATA: 'sample', PORT: String(port), NODE_ENV: 'test' }
  const running = Bun.spawn([program], { cwd: directory, env: settings, stdout: 'ignore', stderr: 'inherit' })
  try {
    await until(() =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => running.exitCode !== null,
      ),
    )
    const page = await (await fetch(url)).text()
    expect(page).toContain('<div id="app" data-key="needed">')
    const files = [...page.matchAll(/(?:src|href)="\.?(\/[^"]+\.(?:js|css))"/g)].map(([, path]) => path)
    expect(files.map((path) => path?.split('.').at(-1)).sort()).toEqual(['css', 'js'])
    for (const path of [...files, '/swagger', '/openapi.json'])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 200])
  } finally {
    running.kill()
    await running.exited
  }
}, 30_000)

test('its halves are started by an argument: a migrated database, a process that accepts and one that settles', async () => {
  const empty = await emptyDatabase()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const settings = {
    DATABASE_URL: empty.url,
    MARKET_DATA: 'sample',
    SANDBOX_TIME_SCALE: '0',
    PORT: String(port),
  }
  const run = (command: string[]) =>
    Bun.spawn([program, ...command], { cwd: directory, env: settings, stdout: 'pipe', stderr: 'inherit' })
  const halves: Bun.Subprocess[] = []
  try {
    expect(await run(['migrate']).exited).toBe(0)
    expect(await run(['migrate']).exited).toBe(0)
    const made = run(['keys', 'create', 'shop', 'read,write'])
    const key = (await new Response(made.stdout).text()).trim()
    const send = async (method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${key}` }
      const init = body ? { body: JSON.stringify(body) } : {}
      return (await fetch(url + path, { method, headers, ...init })).json()
    }
    halves.push(run(['api']))
    await until(() =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    const quote = await send('POST', '/quotes', { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 })
    const { payment_id } = await send('POST', '/payments', {
      ...{ amount: 100_000, currency: 'EUR', source_account: 'user123', destination_account: 'merchant456' },
      quote_id: quote.quote_id,
    })
    expect((await send('GET', `/payments/${payment_id}`)).status).toBe('PENDING')
    halves.push(run(['worker']))
    await until(async () => (await send('GET', `/payments/${payment_id}`)).status === 'COMPLETED')
  } finally {
    for (const half of halves) half.kill()
    await Promise.all(halves.map((half) => half.exited))
    await empty.drop()
  }
}, 60_000)
