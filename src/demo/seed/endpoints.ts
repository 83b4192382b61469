import type { Sql } from '../../db/client.ts'
import type { EventType } from '../../webhooks/model.ts'
import type { WebhookService } from '../../webhooks/service.ts'

/** Where the receiver of docs/webhooks.md listens, for whoever wants to go on with the healthy endpoint. */
const AFTERWARDS = 'http://127.0.0.1:4000/'
/** The port of the discard protocol, where nobody listens. */
const NOBODY = 'http://127.0.0.1:9/'

/** Why the healthy endpoint is disabled in the end. */
export const RECEIVER_GONE =
  'its receiver was part of dashboard:seed; start docs/examples/receiver.ts with a rotated secret and enable it'

/** What most programs want to know: the beginning, the ends, and whatever a person has to see. */
const ENDS = [
  'payment.completed',
  'payment.failed',
  'payment.refunded',
  'payment.returned',
  'payment.needs_review',
] as const satisfies EventType[]

export interface Endpoints {
  orders: string
  accounting: string
}

/** Registers the two endpoints of the sample and tries the healthy one. */
export const registerEndpoints = async (
  webhooks: WebhookService,
  account: string,
  urls: Endpoints,
): Promise<Endpoints> => {
  const orders = await webhooks.createEndpoint(account, {
    url: urls.orders,
    description: 'Order system (sample)',
    event_types: ['payment.created', ...ENDS],
  })
  const accounting = await webhooks.createEndpoint(account, {
    url: urls.accounting,
    description: 'Accounting (sample): fails on amounts without decimals',
    event_types: [...ENDS],
  })
  await webhooks.testEndpoint(account, orders.id)
  return { orders: orders.id, accounting: accounting.id }
}

/**
 * Points both endpoints away from the ports that are given back, which may become somebody else's. The healthy one is
 * disabled, so that it does not begin to fail; the other goes on failing, and retrying, as it did.
 */
export const retireEndpoints = async (
  sql: Sql,
  webhooks: WebhookService,
  account: string,
  { orders, accounting }: Endpoints,
): Promise<void> => {
  await webhooks.updateEndpoint(account, accounting, { url: NOBODY })
  await webhooks.updateEndpoint(account, orders, { url: AFTERWARDS, enabled: false })
  await sql`
    update webhook_endpoints set disabled_reason = ${RECEIVER_GONE}
    where account_id = ${account} and 'we_' || id = ${orders}`
}
