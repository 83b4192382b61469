import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { ProviderHealth } from '../port.ts'
import { healthOfPage, PageStatus } from '../status-page.ts'
import { createWire, type WireOptions } from '../wire.ts'
import { NAME } from './client.ts'

const Page = Type.Object({ status: PageStatus })

/**
 * What a status page in the format of Atlassian Statuspage says now. Without a page, and for an answer that is none,
 * it is unknown, which is not down. Throws WireError when the page cannot be reached.
 */
export const readStatusPage = async (
  url: string | null,
  now: WireOptions['now'],
  signal: AbortSignal,
): Promise<ProviderHealth> => {
  if (url === null) return 'unknown'
  const wire = createWire({ provider: `the status page of ${NAME}`, baseUrl: url, headers: () => ({}), now })
  const { status, body } = await wire({ method: 'GET', path: '' }, signal)
  if (status >= 300 || !Value.Check(Page, body)) return 'unknown'
  return healthOfPage(body.status.indicator)
}
