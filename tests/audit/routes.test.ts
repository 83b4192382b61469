import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type AuditContent, GENESIS, linkHash } from '../../src/audit/chain.ts'
import type { PaymentAudit } from '../../src/audit/model.ts'
import { type Api, ISO_TIME, startApi } from '../api/support.ts'
import { drive, turn } from '../payments/support.ts'
import { chainOf, PATIENT } from './support.ts'

let api: Api
let keyId: string
beforeAll(async () => {
  api = await startApi({ env: PATIENT })
  const [oldest] = await api.harness.database.sql<{ id: string }[]>`
    select id from api_keys where account_id = 'acme' order by id limit 1`
  keyId = oldest?.id ?? ''
})
afterAll(() => api.stop())

const shown = async (id: string): Promise<PaymentAudit> => {
  const { status, body } = await api.send('GET', `/payments/${id}/audit`, { key: api.keys.readOnly })
  expect([status, body.payment_id]).toEqual([200, id])
  return body
}

/** The row as the chain's hash covers it. */
const contentOf = (payment_id: string, entry: PaymentAudit['entries'][number]): AuditContent => {
  const { timestamp, seal: _seal, version, attempt, ...rest } = entry
  return {
    ...rest,
    account_id: 'acme',
    payment_id,
    version: String(version),
    attempt: attempt === null ? null : String(attempt),
    at: `${Math.floor(Date.parse(timestamp) / 1_000)}.${timestamp.slice(20, 23)}000`,
  }
}

describe('the audit trail of a payment', () => {
  test('tells every change: what, who, why, at whose call and in which piece of work, oldest first', async () => {
    const request = { ...(await api.payable()), source_account: 'refuse_offramp' }
    const made = await api.send('POST', '/payments', { body: request })
    const id = made.body.payment_id
    await drive(api.harness, [id])
    const { entries } = await shown(id)
    expect(entries.map(({ version }) => version)).toEqual(entries.map((_, index) => index + 1))
    expect(entries[0]).toEqual({
      version: 1,
      from_status: null,
      to_status: 'PENDING',
      exception: 'none',
      actor: `api:key_${keyId}`,
      message: 'Payment accepted',
      reason: null,
      provider: null,
      leg: null,
      attempt: null,
      job_id: null,
      request_id: made.headers.get('x-request-id'),
      timestamp: expect.stringMatching(ISO_TIME),
      seal: null,
    })
    const [, initiated] = entries
    expect(initiated).toMatchObject({
      from_status: 'PENDING',
      to_status: 'ONRAMP_PENDING',
      actor: 'worker',
      provider: 'sandbox_a',
      leg: 'onramp',
      attempt: 1,
      job_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      request_id: null,
    })
    const refused = entries.find(({ reason }) => reason !== null)
    expect(refused).toMatchObject({ leg: 'offramp', reason: expect.stringMatching(/.{5,}/) })
    expect(entries.at(-1)?.to_status).toBe('REFUNDED')
  })

  test('shows the link of what is sealed, which covers exactly what is shown, and null for what waits', async () => {
    const id = await api.pay()
    await turn(api.harness)
    expect((await shown(id)).entries.map(({ seal }) => seal)).toEqual([null, null])
    await api.harness.services.sealAudit()
    await drive(api.harness, [id])
    const { entries } = await shown(id)
    expect(entries.map(({ seal }) => seal !== null)).toEqual([true, true, false, false, false])
    await api.harness.services.sealAudit()
    const sealed = (await shown(id)).entries
    for (const entry of sealed) {
      const { hash, previous_hash } = entry.seal ?? { hash: '', previous_hash: '' }
      expect(linkHash(previous_hash, contentOf(id, entry))).toBe(hash)
    }
    expect(sealed.map(({ seal: _, ...entry }) => entry)).toEqual(
      entries.map(({ seal: _, ...entry }) => entry),
    )
  })

  test('names the links by their place in the account’s chain, which others’ payments do not count in', async () => {
    const own = await api.pay()
    await api.pay(api.keys.stranger)
    await api.harness.services.sealAudit()
    const [first] = (await shown(own)).entries
    const rows = await chainOf(api.harness.database.sql, 'acme')
    expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, index) => index + 1))
    const at = first?.seal?.sequence ?? 0
    expect(first?.seal).toEqual({
      sequence: at,
      hash: rows[at - 1]?.hash ?? '',
      previous_hash: rows[at - 2]?.hash ?? GENESIS,
    })
  })
})
