import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { lockDirectory } from '../../src/db/embedded/lock.ts'
import { startEmbedded } from '../../src/db/embedded/server.ts'

const TIMEOUT_MS = 120_000
const SRC = join(import.meta.dir, '../../src')
const root = mkdtempSync(join(tmpdir(), 'ratelock-seed-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const start = (script: string, env: Record<string, string>, args: readonly string[] = []) =>
  Bun.spawn([process.execPath, join(SRC, script), ...args], {
    env: { ...process.env, DATABASE_URL: '', PROVIDERS: '', NODE_ENV: '', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })

const run = async (script: string, env: Record<string, string>, args: readonly string[] = []) => {
  const child = start(script, env, args)
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err: err.trim() }
}

const seed = (env: Record<string, string>, ...args: string[]) => run('demo/seed/main.ts', env, args)

test.each([
  [{ NODE_ENV: 'production' }, /^NODE_ENV is production: /],
  [{ DATABASE_URL: 'postgres://a:b@127.0.0.1:9/c' }, /^DATABASE_URL is set: /],
  [{ PROVIDERS: 'circle' }, /^PROVIDERS names providers /],
])('with %o it refuses to run, and makes no database', async (env, why) => {
  const dataDir = join(root, 'refused')
  const { code, err } = await seed({ DATA_DIR: dataDir, ...env })
  expect([code, err]).toEqual([1, expect.stringMatching(why)])
  expect(existsSync(dataDir)).toBe(false)
})

test.each(['--payments 29', '--payments 5001', '--payments 4e2', "--seed ';", '--days 3', 'more'])(
  '%s is answered with the usage',
  async (args) => {
    const { code, err } = await seed({ DATA_DIR: join(root, 'refused') }, ...args.split(' '))
    expect([code, err]).toEqual([1, expect.stringMatching(/^usage: bun run dashboard:seed/)])
  },
)

test('while a service runs it says so and leaves its database alone', async () => {
  const lock = lockDirectory(root, root)
  try {
    const { code, err } = await seed({ DATA_DIR: root })
    expect([code, err]).toEqual([
      1,
      `another Ratelock (pid ${process.pid}) is using ${root}; stop it or set DATA_DIR`,
    ])
    expect(existsSync(join(root, 'postgres'))).toBe(false)
  } finally {
    lock.release()
  }
})

const inside = async <T>(dataDir: string, look: (sql: postgres.Sql) => Promise<T>): Promise<T> => {
  const embedded = await startEmbedded({ dataDir })
  const sql = postgres(embedded.url, { max: 1, onnotice: () => {} })
  try {
    return await look(sql)
  } finally {
    await sql.end()
    await embedded.stop()
  }
}

const contents = (dataDir: string) =>
  inside(dataDir, async (sql) => {
    const [payments] = await sql<{ count: number }[]>`select count(*)::int as count from payments`
    const databases = await sql<{ datname: string }[]>`
      select datname from pg_database where not datistemplate and datname <> 'postgres'`
    return { payments: payments?.count, databases: databases.map(({ datname }) => datname) }
  })

// One test, because the first start of a data directory is what costs time.
test(
  'interrupted it changes nothing; run to its end it leaves sound books, and a second run changes nothing either',
  async () => {
    const dataDir = join(root, 'data')
    const env = { DATA_DIR: dataDir }
    const broken = start('demo/seed/main.ts', env, ['--payments', '5000'])
    const reader = broken.stdout.getReader()
    await reader.read()
    broken.kill('SIGINT')
    broken.kill('SIGINT')
    expect(await broken.exited).toBe(130)
    expect(await new Response(broken.stderr).text()).toContain('the database is as it was')
    expect(await contents(dataDir)).toEqual({ payments: 0, databases: ['ratelock'] })

    const seeded = await seed(env, '--payments', '30')
    expect({ code: seeded.code, err: seeded.err }).toEqual({ code: 0, err: '' })
    expect(seeded.out).toMatch(/^Payments +30 +\d+ COMPLETED, /m)
    expect(seeded.out).toMatch(/^Findings in the books +0$/m)
    expect(seeded.out).toContain('Next: `bun run start`, then open http://localhost:3000/')
    expect(await contents(dataDir)).toEqual({ payments: 30, databases: ['ratelock'] })

    const books = await run('reconcile/cli.ts', env, ['--days', '30'])
    expect([books.code, books.out]).toEqual([0, expect.stringMatching(/payments 30, .* findings 0\n$/)])
    const trail = await run('audit/cli.ts', env)
    expect([trail.code, trail.out]).toEqual([0, expect.stringMatching(/waiting 0, [\s\S]* breaks 0\n$/)])

    const again = await seed(env)
    expect([again.code, again.out]).toEqual([
      0,
      expect.stringContaining(`There is a sample in ${dataDir} already.`),
    ])
    expect(await contents(dataDir)).toEqual({ payments: 30, databases: ['ratelock'] })
  },
  TIMEOUT_MS,
)
