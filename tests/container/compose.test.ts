import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { Environment } from '../../src/environment.ts'
import { composeOf, composeText, interpolated, type Service, withoutRequired } from './compose.ts'
import { DOCKERFILE, environmentOf, ROOT, stagesOf } from './dockerfile.ts'

const text = await composeText
const image = stagesOf(await Bun.file(DOCKERFILE).text()).at(-1)

const SECRET = /KEY|SECRET|PASSWORD|TOKEN|DATABASE_URL|CREDENTIAL/i

const onlyIf = (condition: unknown, complaint: string): string[] => (condition ? [complaint] : [])

const aboutService = (name: string, service: Service): string[] => {
  const { environment = {}, ports = [], volumes = [], image: from } = service
  return [
    ...onlyIf(service.read_only !== true, 'can write into its image'),
    ...onlyIf(service.cap_drop?.join() !== 'ALL' || 'cap_add' in service, 'keeps capabilities'),
    ...onlyIf(service.security_opt?.join() !== 'no-new-privileges:true', 'may gain privileges'),
    ...onlyIf(
      ['privileged', 'network_mode', 'pid', 'devices', 'ipc'].some((key) => key in service),
      'is not kept apart from its host',
    ),
    ...onlyIf(
      volumes.some((volume) => /^[./~]/.test(volume)),
      'sees files of its host',
    ),
    ...onlyIf(
      ports.some((port) => !port.startsWith('127.0.0.1:')),
      'is published to other machines',
    ),
    ...onlyIf(from !== undefined && !/:\d[\w.-]*$/.test(from), 'is not pinned'),
    // A secret is asked for, and what is around it is no secret.
    ...Object.entries(environment)
      .filter(([key, value]) => SECRET.test(key) && !/\$\{\w+:\?[^}]+\}/.test(value))
      .map(([key]) => `has ${key} in the file`),
  ].map((complaint) => `${name} ${complaint}`)
}

const complaintsAbout = (yaml: string): string[] => {
  const { services, networks, configs } = composeOf(yaml)
  const { api, postgres } = services
  return [
    ...Object.entries(services).flatMap(([name, service]) => aboutService(name, service)),
    ...onlyIf(withoutRequired(yaml).includes('$'), 'a variable may be empty, or has a default'),
    ...onlyIf(postgres?.ports, 'the database is published'),
    ...onlyIf(
      postgres?.networks?.join() !== 'database' || networks.database?.internal !== true,
      'the database reaches other machines',
    ),
    ...onlyIf(!/^(postgres|[1-9]\d*)(:|$)/.test(postgres?.user ?? ''), 'the database begins as root'),
    ...onlyIf(
      Object.values(configs).some(({ file }) => !file || !existsSync(join(ROOT, file))),
      'Compose cannot write a config into a container that is read-only',
    ),
    ...onlyIf(api?.user, 'the image says who runs the program'),
    ...onlyIf(api?.tmpfs || api?.volumes, 'the program is given a place to write'),
    ...onlyIf(api?.ports?.join() !== `127.0.0.1:3000:${environmentOf(image).PORT}`, 'the port is another'),
    ...Object.keys(api?.environment ?? {})
      .filter((name) => !(name in Environment.properties))
      .map((name) => `no setting is called ${name}`),
  ]
}

describe('compose.yaml', () => {
  test('keeps every promise of docs/docker.md', () => {
    expect(complaintsAbout(text)).toEqual([])
  })

  test.each([
    ['an image that can be written', 'read_only: true', 'read_only: false', 'api can write into its image'],
    ['capabilities', 'cap_drop: [ALL]', 'cap_drop: [NET_RAW]', 'api keeps capabilities'],
    ['one capability more', 'read_only:', 'cap_add: [CHOWN]\n    read_only:', 'api keeps capabilities'],
    ['new privileges', 'no-new-privileges:true', 'seccomp:unconfined', 'api may gain privileges'],
    ['all privileges', 'read_only:', 'privileged: true\n    read_only:', 'not kept apart'],
    ['the network of its host', 'read_only:', 'network_mode: host\n    read_only:', 'not kept apart'],
    ['the socket of Docker', '- postgres:/var', '- /var/run/docker.sock:/var', 'sees files of its host'],
    ['a port for everybody', '127.0.0.1:3000:3000', '3000:3000', 'published to other machines'],
    ['another port', ':3000:3000', ':3000:80', 'the port is another'],
    ['the newest database', 'postgres:18', 'postgres:latest', 'postgres is not pinned'],
    ['any database', 'image: postgres:18', 'image: postgres', 'postgres is not pinned'],
    [
      'a published database',
      'user: postgres',
      "user: postgres\n    ports: ['127.0.0.1:5432:5432']",
      'is published',
    ],
    ['a database that reaches out', 'internal: true', 'internal: false', 'reaches other machines'],
    ['a database beside the API', 'networks: [database]', 'networks: [outside]', 'reaches other machines'],
    ['a config in the file', /file: deploy.*/, 'content: select 1', 'Compose cannot write'],
    ['a config that is lost', 'deploy/postgres', 'deploy/lost', 'Compose cannot write'],
    ['root', '    user: postgres\n', '', 'begins as root'],
    ['another user', 'read_only:', 'user: root\n    read_only:', 'says who runs the program'],
    ['a place to write', 'read_only:', 'tmpfs: [/tmp]\n    read_only:', 'a place to write'],
    [
      'a password in it',
      /POSTGRES_PASSWORD: .*/,
      'POSTGRES_PASSWORD: hunter2',
      'has POSTGRES_PASSWORD in the file',
    ],
    [
      'a password in a URL',
      /(DATABASE_URL: .*ratelock:).*(@.*)/,
      '$1hunter2$2',
      'has DATABASE_URL in the file',
    ],
    ['a default password', ':?a long', ':-a long', 'or has a default'],
    ['a password that may be missing', /\{POSTGRES_PASSWORD:[^}]*\}/, '{POSTGRES_PASSWORD}', 'may be empty'],
    ['a setting nobody reads', 'ROLE: all', 'ROLES: all', 'no setting is called ROLES'],
  ] as const)('with %s would not', (_, part, instead, complaint) => {
    const broken = text.replace(part, instead)
    expect(broken).not.toBe(text)
    expect(complaintsAbout(broken).join('\n')).toContain(complaint)
  })

  const given = { PROVIDERS: 'circle,bridge', RATELOCK_DB_PASSWORD: 'f3c1', POSTGRES_PASSWORD: 'a97b' }
  const { api, postgres } = composeOf(text).services
  const settings = () => ({
    ...environmentOf(image),
    ...Object.fromEntries(
      Object.entries(api?.environment ?? {}).map(([name, value]) => [name, interpolated(value, given)]),
    ),
  })

  test('gives the program all that production needs', () => {
    const config = loadConfig(settings())
    expect(config).toMatchObject({ NODE_ENV: 'production', AUTH_MODE: 'required', ROLE: 'all' })
    expect(config.DATABASE_URL).toBe('postgres://ratelock:f3c1@postgres:5432/ratelock')
  })

  test.each(Object.keys(given))('starts nothing without %s', (name) => {
    expect(() => interpolated(text, { ...given, [name]: '' })).toThrow(name)
  })

  test('waits longer for the end than requests and then jobs may take', () => {
    const { SHUTDOWN_DRAIN_MS, SHUTDOWN_GRACE_MS } = loadConfig(settings())
    const longestMs = SHUTDOWN_DRAIN_MS + 2 * SHUTDOWN_GRACE_MS
    expect(Number.parseInt(api?.stop_grace_period ?? '', 10) * 1000).toBeGreaterThan(longestMs)
    expect(postgres?.stop_grace_period).toMatch(/^\d+s$/)
  })
})
