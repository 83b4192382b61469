import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { Environment } from '../../src/environment.ts'
import { DOCKERFILE, environmentOf, ROOT, stagesOf } from './dockerfile.ts'

interface Fly {
  kill_signal: string
  kill_timeout: number
  build: { dockerfile: string }
  deploy: { release_command: string; strategy: string }
  env: Record<string, string>
  processes: Record<string, string>
  http_service: {
    processes: string[]
    internal_port: number
    force_https: boolean
    auto_stop_machines: string
    min_machines_running: number
    concurrency: { hard_limit: number; soft_limit: number }
    checks: { method: string; path: string }[]
  }
}

const text = await Bun.file(join(ROOT, 'fly.toml')).text()
const image = environmentOf(stagesOf(await Bun.file(DOCKERFILE).text()).at(-1))
const SECRET = /KEY|SECRET|PASSWORD|TOKEN|DATABASE_URL|CREDENTIAL/i
/** What the first argument of the program may be. */
const commands = [
  ...(await Bun.file(join(ROOT, 'src/binary.ts')).text()).matchAll(/^ {2}'?([\w:]+)'?: /gm),
].map(([, name]) => name)

const onlyIf = (condition: unknown, complaint: string): string[] => (condition ? [complaint] : [])

const complaintsAbout = (toml: string): string[] => {
  const fly = Bun.TOML.parse(toml) as Fly
  const { http_service: http, deploy, processes, env } = fly
  const settings = loadConfig({
    ...image,
    ...env,
    DATABASE_URL: 'postgres://ratelock:k4Wq9xZ7@db.internal/ratelock',
  })
  return [
    ...onlyIf(join(ROOT, fly.build.dockerfile) !== DOCKERFILE, 'the image is another'),
    ...onlyIf(fly.kill_signal !== 'SIGTERM', 'the program is not asked to end'),
    ...onlyIf(
      fly.kill_timeout * 1000 <= settings.SHUTDOWN_DRAIN_MS + 2 * settings.SHUTDOWN_GRACE_MS,
      'it is killed before it has ended',
    ),
    ...Object.values(processes)
      .concat(deploy.release_command)
      .filter((command) => !commands.includes(command))
      .map((command) => `the program has no command ${command}`),
    ...onlyIf(
      Object.values(processes).toSorted().join() !== 'api,worker',
      'a half of the service is missing',
    ),
    ...onlyIf(deploy.release_command !== 'migrate', 'the schema is not migrated before the release'),
    ...onlyIf(deploy.strategy !== 'rolling', 'all machines are replaced at once'),
    ...onlyIf(http.processes.join() !== 'api', 'requests reach what serves none'),
    ...onlyIf(String(http.internal_port) !== image.PORT, 'the port is another'),
    ...onlyIf(!http.force_https || !(settings.HSTS_SECONDS > 0), 'keys may travel in clear'),
    ...onlyIf(http.auto_stop_machines !== 'off', 'the service falls asleep'),
    ...onlyIf(http.min_machines_running < 2, 'a deployment leaves nobody to answer'),
    ...onlyIf(http.concurrency.soft_limit < settings.STREAMS_PER_PROCESS, 'streams alone make it look full'),
    ...onlyIf(
      http.concurrency.hard_limit <= http.concurrency.soft_limit,
      'there is no room above the soft limit',
    ),
    ...onlyIf(!http.checks.some(({ path }) => path === '/readyz'), 'requests are sent to what is not ready'),
    ...onlyIf(!settings.TRUSTED_PROXIES, 'limits count the proxy instead of its clients'),
    ...Object.keys(env)
      .filter((name) => !(name in Environment.properties))
      .map((name) => `${name} is no setting`),
    ...Object.keys(env)
      .filter((name) => SECRET.test(name))
      .map((name) => `${name} is a secret`),
  ]
}

describe('fly.toml', () => {
  test('runs both halves of the image behind TLS, migrated before and replaced one by one', () => {
    expect(complaintsAbout(text)).toEqual([])
  })

  test.each([
    ['release_command = "migrate"', 'release_command = "db:migrate"'],
    ['strategy = "rolling"', 'strategy = "immediate"'],
    ['kill_signal = "SIGTERM"', 'kill_signal = "SIGINT"'],
    ['kill_timeout = 30', 'kill_timeout = 10'],
    ['worker = "worker"', 'worker = "work"'],
    ['processes = ["api"]', 'processes = ["worker"]'],
    ['internal_port = 3000', 'internal_port = 8080'],
    ['force_https = true', 'force_https = false'],
    ['auto_stop_machines = "off"', 'auto_stop_machines = "stop"'],
    ['min_machines_running = 2', 'min_machines_running = 0'],
    ['soft_limit = 2000', 'soft_limit = 20'],
    ['hard_limit = 2500', 'hard_limit = 1000'],
    ['path = "/readyz"', 'path = "/"'],
    ['PROVIDERS = "sandbox"', 'PROVIDER = "sandbox"\n  PROVIDERS = "sandbox"'],
    ['PROVIDERS = "sandbox"', 'ANTHROPIC_API_KEY = "sk-ant-x"\n  PROVIDERS = "sandbox"'],
    ['dockerfile = "Dockerfile"', 'dockerfile = "deploy/Dockerfile"'],
  ])('%s broken is noticed', (whole, broken) => {
    expect(text).toContain(whole)
    expect(complaintsAbout(text.replace(whole, broken))).not.toEqual([])
  })
})
