import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '..')

test('the compiled program loads every module, away from its sources, and says what it needs', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ratelock-build-'))
  try {
    const program = join(directory, 'ratelock')
    const built = Bun.spawnSync([process.execPath, 'run', 'build', '--outfile', program], { cwd: ROOT })
    expect(built.exitCode).toBe(0)
    // Nothing but a database is missing: what a computed import could not find would be told before.
    const started = Bun.spawnSync([program], { cwd: directory, env: { MARKET_DATA: 'sample' } })
    expect(started.stderr.toString()).toContain('set DATABASE_URL to a server of your own')
    expect(started.exitCode).toBe(1)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
