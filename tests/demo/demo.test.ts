import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const TIMEOUT_MS = 40_000
const MAIN = join(import.meta.dir, '../../src/demo/main.ts')
const dataDir = mkdtempSync(join(tmpdir(), 'ratelock-demo-'))
const postmaster = join(dataDir, 'demo/postgres/postmaster.pid')

afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const start = (env: Record<string, string> = {}) =>
  Bun.spawn([process.execPath, MAIN], {
    env: {
      ...process.env,
      DATA_DIR: dataDir,
      SANDBOX_TIME_SCALE: '0.01',
      SANDBOX_FAULTS: '',
      MARKET_DATA: 'sample',
      ...env,
    },
    stdout: 'pipe',
    stderr: 'pipe',
  })

const endOf = async (demo: ReturnType<typeof start>) => {
  const text = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => new Response(stream).text()
  const [out, err] = await Promise.all([text(demo.stdout), text(demo.stderr)])
  return { code: await demo.exited, out, err }
}

// Where nobody reaps orphans, as in some containers, an ended process stays in the table without a command.
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

// One test, because one data directory serves one demo at a time and its first start is what costs time.
test(
  'a demo pays, fails and is interrupted: its exit code says which, and no Postgres is left',
  async () => {
    const paid = await endOf(start())
    expect({ code: paid.code, err: paid.err }).toEqual({ code: 0, err: '' })
    const expected = [
      /^Ratelock answers at http:\/\/127\.0\.0\.1:\d+$/m,
      /^ {2}You pay +1,000\.00 USD$/m,
      /^ {2}Payee gets +876\.99 EUR {3}guaranteed payout$/m,
      /^ {2}Rate source +sample rates, not market data$/m,
      /^ +\d+\.\d s {2}PENDING +Payment accepted$/m,
      /^ +\d+\.\d s {2}ONRAMP_PENDING +/m,
      /^ +\d+\.\d s {2}ONRAMP_COMPLETE +/m,
      /^ +\d+\.\d s {2}OFFRAMP_PENDING +/m,
      /^ +\d+\.\d s {2}COMPLETED +/m,
      /✓ #1 payment\.created +PENDING +signature verified$/m,
      /✓ #5 payment\.completed +COMPLETED +signature verified$/m,
      /^ {2}Payee got +876\.99 EUR {3}exactly what was quoted$/m,
      /^ {2}Locked rate +0\.92049 EUR for 1 USD$/m,
      /^ {2}Executed rate +0\.\d+ EUR for 1 USD$/m,
      /^ {2}Difference +[+-]?\d+\.\d{6} USDC {3}(a gain|a loss|neither)/m,
      /^ {2}Webhooks +5 received, every signature verified$/m,
    ]
    for (const line of expected) expect(paid.out).toMatch(line)
    expect(paid.out).toBe(Bun.stripANSI(paid.out))
    expect(paid.out).not.toContain('\r')
    expect(existsSync(postmaster)).toBe(false)

    const failed = await endOf(start({ SANDBOX_FAULTS: 'refuse:1' }))
    expect(failed.code).toBe(1)
    expect(failed.out).toContain('The demo failed: the payment ended as FAILED')
    expect(existsSync(postmaster)).toBe(false)

    const interrupted = start({ SANDBOX_TIME_SCALE: '1' })
    const reader = interrupted.stdout.getReader()
    let seen = ''
    for (; !seen.includes('ONRAMP_PENDING'); ) {
      const { done, value } = await reader.read()
      if (done) break
      seen += new TextDecoder().decode(value)
    }
    expect(seen).toContain('ONRAMP_PENDING')
    const pid = Number(readFileSync(postmaster, 'utf8').split('\n')[0])
    expect(isAlive(pid)).toBe(true)
    // As under `bun run`, where Ctrl-C arrives twice.
    interrupted.kill('SIGINT')
    interrupted.kill('SIGINT')
    expect(await interrupted.exited).toBe(130)
    expect(existsSync(postmaster)).toBe(false)
    expect(isAlive(pid)).toBe(false)
  },
  TIMEOUT_MS,
)
