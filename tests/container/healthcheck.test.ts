import { expect, test } from 'bun:test'
import { Environment } from '../../src/environment.ts'
import { isHealthy } from '../../src/healthcheck.ts'

const serve = (hostname: string, status: number) => {
  const asked: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname,
    fetch: (request) => {
      asked.push(new URL(request.url).pathname)
      return new Response(null, { status })
    },
  })
  return { port: String(server.port), asked, stop: () => server.stop(true) }
}

test.each(['127.0.0.1', '0.0.0.0', '::', '[::1]'])(
  'a service on HOST=%s is found at /healthz',
  async (HOST) => {
    const { port, asked, stop } = serve(HOST.replace(/[[\]]/g, ''), 200)
    expect(await isHealthy({ HOST, PORT: port })).toBe(true)
    expect(asked).toEqual(['/healthz'])
    await stop()
  },
)

test('an answer that is no 200 and a port that is closed are not healthy', async () => {
  const { port, stop } = serve('127.0.0.1', 503)
  expect(await isHealthy({ PORT: port })).toBe(false)
  await stop()
  expect(await isHealthy({ PORT: port })).toBe(false)
})

test('a worker alone has no port, and is healthy while it is there', async () => {
  expect(await isHealthy({ ROLE: 'worker', PORT: '1' })).toBe(true)
  expect(await isHealthy({ ROLE: 'api', PORT: '1' })).toBe(false)
})

test('what is unset is asked where an unset service listens', async () => {
  const source = await Bun.file(`${import.meta.dir}/../../src/healthcheck.ts`).text()
  const { PORT, HOST, ROLE } = Environment.properties
  for (const [name, { default: value }] of Object.entries({ PORT, HOST, ROLE }))
    expect(source).toContain(`read('${name}', '${value}')`)
})
