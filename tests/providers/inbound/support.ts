import type { Provider } from '../../../src/providers/port.ts'
import { type Answer, fakeProvider } from '../../payments/fake-provider.ts'
import type { Harness } from '../../support/harness.ts'

const HOUR_MS = 3_600_000

/** What a provider of the tests sends: JSON of an event, believed for one header. */
export const SIGNED = { 'x-signed-by': 'the provider' }

/** A provider that has finished what it was sent once it is told to, asks for an hour of patience until then, and sends events. */
export const sendingProvider = (name = 'fake', more: Answer = (_call, books) => books()) => {
  const state = { finished: false }
  const fake = fakeProvider(name, (call, books) => {
    const outcome = more(call, books) as ReturnType<typeof books>
    if (outcome.kind !== 'done' && outcome.kind !== 'accepted') return outcome
    if (outcome.kind === 'done' && state.finished) return outcome
    return { kind: 'accepted', reference: outcome.reference, checkAfterMs: HOUR_MS }
  })
  const provider: Provider = {
    ...fake.provider,
    inbound: {
      read: async ({ headers, body }) =>
        headers.get('x-signed-by') === SIGNED['x-signed-by'] ? JSON.parse(body) : null,
    },
  }
  return { ...fake, provider, state }
}

export const send = (
  { call }: Harness,
  event: { id?: string; names: readonly string[] },
  { provider = 'fake', headers = SIGNED as Record<string, string> } = {},
) => call('POST', `/providers/${provider}/events`, { id: crypto.randomUUID(), ...event }, headers)

/** Every row that an event could touch, jobs with their times included. */
export const everything = async ({ database }: Harness): Promise<string> => {
  const [row] = await database.sql<{ all: string }[]>`
    select json_build_object(
      'payments', (select json_agg(p order by id) from payments p),
      'audit', (select json_agg(a order by payment_id, version) from payment_audit a),
      'operations', (select json_agg(o order by payment_id, leg, attempt) from provider_operations o),
      'steps', (select json_agg(s order by key, step) from provider_steps s),
      'entries', (select json_agg(l order by payment_id, version, line) from ledger_entries l),
      'webhooks', (select json_agg(e order by id) from webhook_events e),
      'events', (select json_agg(e order by event_id) from provider_events e),
      'jobs', (select json_agg(j order by id) from pgboss.job j where name in ('payment', 'webhook')))::text as all`
  return row?.all ?? ''
}

/** References of the payment's operations, the newest last. */
export const referencesOf = async ({ database }: Harness, id: string): Promise<string[]> => {
  const rows = await database.sql<{ reference: string }[]>`
    select reference from provider_operations where payment_id = ${id} and reference is not null
    order by submitted_at, leg desc`
  return rows.map(({ reference }) => reference)
}

/** The payment's live jobs: their state, and seconds until they are due. */
export const liveJobs = ({ database }: Harness, id: string) =>
  database.sql<{ id: string; state: string; seconds: number; data: object }[]>`
    select id, state::text, extract(epoch from start_after - pgboss.job_now())::float8 as seconds, data from pgboss.job
    where name = 'payment' and singleton_key = ${id} and state <= 'active'`

/** The payment's newest operation. */
export const operationOf = async ({ database }: Harness, id: string): Promise<{ key: string }> => {
  const [row] = await database.sql<{ key: string }[]>`
    select key from provider_operations where payment_id = ${id} order by submitted_at desc limit 1`
  if (!row) throw new Error(`payment ${id} has no operation`)
  return row
}
