/** `bun run test [filters]`: one embedded PostgreSQL for the whole run, one private database for each test file. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { createTemplate } from './database.ts'

const dataDir = await mkdtemp(join(tmpdir(), 'ratelock-test-'))
// What the run writes is thrown away, so it need not survive a power cut.
const postgres = await startEmbedded({ dataDir, settings: { fsync: 'off', max_connections: '300' } })
let code = 1
try {
  await createTemplate(postgres.url)
  const tests = Bun.spawn(['bun', 'test', '--parallel=2', '--timeout=30000', ...process.argv.slice(2)], {
    env: { ...process.env, NODE_ENV: 'test', TEST_DATABASE_URL: postgres.url },
    stdio: ['inherit', 'inherit', 'inherit'],
  })
  // Ctrl-C reaches the tests by itself; this process stays to stop Postgres.
  process.on('SIGINT', () => tests.kill())
  process.on('SIGTERM', () => tests.kill())
  code = await tests.exited
} finally {
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}
process.exit(code)
