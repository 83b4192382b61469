import { expect, test } from 'bun:test'
import { join } from 'node:path'

const LOGGER = join(import.meta.dir, '../../src/telemetry/logger.ts')

/** What a process that logs and then ends at once has written. */
const written = async (statements: string, pretty = false): Promise<string> => {
  const program = `
    const { createLogger, flushLogger } = await import(${JSON.stringify(LOGGER)})
    const log = createLogger({ level: 'info', pretty: ${pretty} })
    ${statements}
    await flushLogger(log)
    process.exit(0)`
  const child = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe', stderr: 'inherit' })
  return new Response(child.stdout).text()
}

test('what was logged is written before the process ends, as JSON with a readable level and time', async () => {
  const lines = (await written(`for (let i = 0; i < 200; i++) log.info({ i }, 'line')`)).trim().split('\n')
  expect(lines).toHaveLength(200)
  expect(JSON.parse(lines[199] ?? '')).toMatchObject({
    level: 'info',
    i: 199,
    msg: 'line',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  })
})

test('secrets stay out of the log, however deep they lie, in bindings and in query errors too', async () => {
  const output = await written(`
    log.info({ authorization: 'hidden', url: 'hidden', kept: 'shown' }, 'flat')
    log.info({ request: { headers: { Authorization: 'hidden', 'idempotency-key': 'hidden' } } }, 'deep')
    log.info({ endpoints: [{ secret: 'hidden', id: 1 }], config: { databaseUrl: 'hidden', API_KEY: 'hidden' } }, 'list')
    log.child({ password: 'hidden' }).info('child')
    const query = Object.assign(new Error('Failed query: select 1\\nparams: a,hidden\\nhidden'), { params: ['hidden'] })
    log.error({ err: query }, 'query')`)
  expect(output).not.toContain('hidden')
  expect(output).toContain('shown')
  expect(output.trim().split('\n')).toHaveLength(5)
  expect(output).toContain('Failed query: select 1')
})

test('of an error only what holds no data is logged: PostgreSQL repeats a refused row, and others bring fields of their own', async () => {
  const output = await written(`
    const refused = Object.assign(new Error('violates check constraint "positive"'), {
      code: '23514', detail: 'Failing row contains (hidden)', where: 'hidden', query: 'hidden', parameters: ['hidden'],
      hint: 'hidden', table_name: 'payments', constraint_name: 'positive', config: { headers: 'hidden' },
    })
    log.error({ err: refused }, 'refused')`)
  expect(output).not.toContain('hidden')
  expect(JSON.parse(output).err).toMatchObject({
    type: 'Error',
    message: 'violates check constraint "positive"',
    stack: expect.stringContaining('Error: violates'),
    code: '23514',
    table_name: 'payments',
    constraint_name: 'positive',
  })
})

test('the printer for people hides the same', async () => {
  const output = await written(`log.info({ secret: 'hidden', kept: 'shown' }, 'hello')`, true)
  expect(output).toContain('hello')
  expect(output).toContain('shown')
  expect(output).not.toContain('hidden')
})
