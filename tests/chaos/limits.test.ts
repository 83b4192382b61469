import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { killServices, postmasterOf, runProgram, startService, urlOf } from './service.ts'

setDefaultTimeout(60_000)
const dataDir = mkdtempSync(join(tmpdir(), 'ratelock-limits-'))
afterAll(async () => {
  await killServices()
  if (postmasterOf(dataDir)) await (await startEmbedded({ dataDir })).stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const LIMIT = 40
const SETTINGS = {
  PORT: '0',
  AUTH_MODE: 'required',
  RATE_LIMIT_PER_ACCOUNT: String(LIMIT),
  CORS_ORIGINS: 'https://shop.example',
  HSTS_SECONDS: '600',
  REQUEST_BODY_MS: '200',
}

test('two processes on one database share their limits, and keep the other bounds that are set', async () => {
  const first = startService({ ...SETTINGS, DATA_DIR: dataDir })
  const url = await urlOf(first)
  const databaseUrl = postmasterOf(dataDir)?.url ?? ''
  const { out } = await runProgram(['src/accounts/cli.ts', 'create', 'acme'], { DATABASE_URL: databaseUrl })
  const other = startService({ ...SETTINGS, ROLE: 'api', DATABASE_URL: databaseUrl })
  const key = out.trim()
  const urls = [url, await urlOf(other)]
  const ask = (at: string | undefined) =>
    fetch(`${at}/payments`, {
      headers: { authorization: `Bearer ${key}`, origin: 'https://shop.example' },
    })

  const slow = await new Promise<string>((resolve) => {
    let received = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write(
        `POST /quotes HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\ncontent-length: 10\r\n\r\n{`,
      ),
    )
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('close', () => resolve(received))
  })
  expect(slow).toStartWith('HTTP/1.1 408 ')

  let passed = 0
  const exhaust = async (at: string | undefined): Promise<Response> => {
    for (;;) {
      const answer = await ask(at)
      await answer.text()
      if (answer.status === 429) return answer
      expect(answer.status).toBe(200)
      passed++
    }
  }
  const refused = await exhaust(urls[0])
  await exhaust(urls[1])
  // What one does not know of the other is a twentieth; the rest is what fades while the test runs.
  expect(passed).toBeLessThanOrEqual(LIMIT * 1.25)
  expect(Number(refused.headers.get('retry-after'))).toBeWithin(1, 121)
  expect(refused.headers.get('ratelimit-policy')).toContain(`"account";q=${LIMIT};w=60`)
  expect(refused.headers.get('access-control-allow-origin')).toBe('https://shop.example')
  expect(refused.headers.get('strict-transport-security')).toBe('max-age=600; includeSubDomains')

  for (const service of [first, other]) service.kill('SIGTERM')
  expect(await Promise.all([other.ended, first.ended])).toEqual([0, 0])
})
