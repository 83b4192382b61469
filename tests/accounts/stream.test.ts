import { afterAll, expect, test } from 'bun:test'
import { isStillAdmitted } from '../../src/http/auth.ts'
import { startApi } from '../api/support.ts'
import { drive } from '../payments/support.ts'

const api = await startApi()
afterAll(() => api.stop())
const { accounts } = api.harness.services

const streamAt = (path: string, key: string) =>
  Promise.resolve(
    api.app.handle(new Request(`http://localhost${path}`, { headers: { authorization: `Bearer ${key}` } })),
  )
const streamOf = (id: string, key: string) => streamAt(`/payments/${id}/events`, key)

const newest = async () => {
  const { data } = await accounts.listKeys('acme', { limit: 1 })
  return data[0]?.id ?? ''
}

test('a stream shows nothing of what happens after its key was revoked, and ends; others go on', async () => {
  const id = await api.pay()
  const key = await api.keyOf('acme', 'read')
  const [revoked, kept] = [await streamOf(id, key), await streamOf(id, api.keys.readOnly)]
  // Without a server in between the pieces are still text.
  const reader = (revoked.body as unknown as ReadableStream<string>).getReader()
  const read = async () => (await reader.read()).value ?? ''
  expect(await read()).toContain('"to_status":"PENDING"')
  await accounts.revokeKey('acme', await newest())
  await drive(api.harness, [id])
  let rest = ''
  for (let chunk = await read(); chunk !== ''; chunk = await read()) rest += chunk
  expect(rest).not.toContain('to_status')
  expect(await kept.text()).toContain('"to_status":"COMPLETED"')
})

test('the stream of an account shows nothing of what happens after its key was revoked, and ends', async () => {
  const key = await api.keyOf('acme', 'read')
  const [revoked, kept] = [
    await streamAt('/payments/events', key),
    await streamAt('/payments/events', api.keys.readOnly),
  ]
  const [reader, other] = [revoked, kept].map((stream) =>
    (stream.body as unknown as ReadableStream<string>).getReader(),
  )
  for (const each of [reader, other]) expect((await each?.read())?.value).toContain('event: ready')
  await accounts.revokeKey('acme', await newest())
  const id = await api.pay()
  expect((await reader?.read())?.done).toBe(true)
  expect((await other?.read())?.value).toContain(`"payment_id":"${id}"`)
  await other?.cancel()
})

test('a request that was never let in is not turned away: it needed nothing', async () => {
  expect(await isStillAdmitted(new Request('http://localhost/healthz'))).toBe(true)
})
