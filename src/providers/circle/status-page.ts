import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Clock } from '../../core/clock.ts'
import { PROVIDER_HEALTH, type ProviderHealth } from '../port.ts'
import { healthOfComponent, healthOfPage, PageStatus } from '../status-page.ts'
import { createWire, WireError } from '../wire.ts'

// summary.json has both, components.json and status.json one of them each.
const Page = Type.Object({
  components: Type.Optional(
    Type.Array(
      Type.Object({ name: Type.String(), status: Type.String(), group: Type.Optional(Type.Boolean()) }),
    ),
  ),
  status: Type.Optional(PageStatus),
})

/** The names of components are not documented: these words are of what we use. */
const OURS = /\bmint\b|redeem|payout|transfer|\bwires?\b|\bsepa\b/i
const NOT_OURS = /sandbox|testnet|wallet|\bcpn\b|cctp/i

const healthIn = ({ components = [], status }: Static<typeof Page>): ProviderHealth => {
  const ours = components.filter(({ name, group }) => !group && OURS.test(name) && !NOT_OURS.test(name))
  if (ours.length === 0) return healthOfPage(status?.indicator ?? '')
  const found = ours.map((component) => healthOfComponent(component.status))
  return PROVIDER_HEALTH.findLast((health) => found.includes(health)) ?? 'unknown'
}

/**
 * Asks a page of Atlassian Statuspage, by the full URL of the request, for the worst of what Circle says of its payments.
 * Throws WireError, and the signal's reason when that is set.
 */
export const createStatusPage = (url: string, clock: Clock) => {
  const wire = createWire({
    provider: 'the status page of circle',
    baseUrl: url,
    headers: () => ({}),
    now: clock.now,
  })
  return async (signal: AbortSignal): Promise<ProviderHealth> => {
    const { status, body } = await wire({ method: 'GET', path: '' }, signal)
    if (status !== 200 || !Value.Check(Page, body))
      throw new WireError('unreadable', 'the status page of circle has another shape than documented')
    return healthIn(body)
  }
}
