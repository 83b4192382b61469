import { expect, test } from 'bun:test'
import { startHarness } from '../support/harness.ts'

test.each([
  ['on this machine alone', {}, 201],
  ['on an address that others reach', { HOST: '0.0.0.0', AUTH_MODE: 'required' }, 400],
])('a service %s lets webhooks go to private addresses in clear: %j -> %d', async (_where, env, status) => {
  const harness = await startHarness({ env })
  try {
    const answer = await harness.call('POST', '/webhooks/endpoints', { url: 'http://127.0.0.1:9/hook' })
    expect(answer.status).toBe(status)
  } finally {
    await harness.stop()
  }
})
