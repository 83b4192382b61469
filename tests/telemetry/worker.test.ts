import { expect, test } from 'bun:test'
import { loadConfig } from '../../src/config.ts'
import { startProcess } from '../../src/process.ts'
import { welcome } from '../../src/welcome.ts'
import { runProgram } from '../chaos/service.ts'
import { testDatabase } from '../support/database.ts'
import { parse } from './support.ts'

test('a worker shows its own metrics where METRICS_PORT says so, to those with a key, and serves nothing else', async () => {
  const database = await testDatabase()
  const env = {
    DATABASE_URL: database.url,
    ROLE: 'worker',
    METRICS_PORT: '0',
    LOG_LEVEL: 'silent',
    MARKET_DATA: 'sample',
  }
  const keyWith = async (scope: string) =>
    (await runProgram(['src/accounts/cli.ts', 'create', 'metrics', scope], env)).out.trim()
  const config = loadConfig(env)
  const running = await startProcess(config)
  try {
    const get = (path: string, key?: string) =>
      fetch(running.url + path, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } })
    expect(welcome(running, config)).toContain(`${running.url}/metrics`)
    expect((await get('/readyz')).status).toBe(200)
    expect((await get('/metrics')).status).toBe(401)
    expect((await get('/metrics', await keyWith('read'))).status).toBe(403)
    const admin = await keyWith('admin')
    expect((await get('/payments', admin)).status).toBe(404)
    const found = parse(await (await get('/metrics', admin)).text())
    expect(found.get('ratelock_payments_entered_total{state="COMPLETED"}')).toBe(0)
    expect(found.get('ratelock_http_request_seconds_count{method="GET",route="/metrics",status="401"}')).toBe(
      1,
    )
    expect(found.has('ratelock_event_loop_lag_seconds_count')).toBe(true)
  } finally {
    await running.stop()
    await database.drop()
  }
})

test('a worker without METRICS_PORT listens nowhere', async () => {
  const database = await testDatabase()
  const env = { DATABASE_URL: database.url, ROLE: 'worker', LOG_LEVEL: 'silent', MARKET_DATA: 'sample' }
  const running = await startProcess(loadConfig(env))
  try {
    expect(running.url).toBeNull()
  } finally {
    await running.stop()
    await database.drop()
  }
})
