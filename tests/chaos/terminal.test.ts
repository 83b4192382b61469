import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { testDatabase } from '../support/database.ts'
import { until } from './service.ts'

setDefaultTimeout(60_000)
const database = await testDatabase()
afterAll(() => database.drop())

/** What the service writes to a terminal between its start and its end. */
const shown = async (settings: Record<string, string>): Promise<string> => {
  let output = ''
  const child = Bun.spawn([process.execPath, 'src/main.ts'], {
    cwd: join(import.meta.dir, '../..'),
    env: { PATH: process.env.PATH ?? '', DATABASE_URL: database.url, PORT: '0', ...settings },
    terminal: {
      cols: 200,
      rows: 50,
      data: (_terminal, chunk) => {
        output += new TextDecoder().decode(chunk)
      },
    },
  })
  await until(() => output.includes('Ratelock is running') || child.exitCode !== null)
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  await until(() => output.includes('stopped'))
  return output
}

test('a developer’s terminal shows lines for people', async () => {
  const output = await shown({ NODE_ENV: 'development', MARKET_DATA: 'sample' })
  expect(output).toMatch(/INFO.*: .*started/)
  expect(output).not.toContain('{"level"')
})

test('in production every line is JSON, at a terminal too', async () => {
  const output = await shown({ NODE_ENV: 'production', PROVIDERS: 'sandbox' })
  expect(output).toContain('{"level":"info"')
  expect(output).not.toMatch(/INFO.*: .*started/)
})
