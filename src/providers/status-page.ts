import { Type } from '@sinclair/typebox'
import { ownEntry } from '../core/own-entry.ts'
import type { ProviderHealth } from './port.ts'

/** The part of a page of Atlassian Statuspage that tells of the page as a whole. */
export const PageStatus = Type.Object({ indicator: Type.String() })

const OF_PAGE: Readonly<Record<string, ProviderHealth>> = {
  none: 'operational',
  minor: 'degraded',
  maintenance: 'degraded',
  major: 'degraded',
  critical: 'outage',
}

const OF_COMPONENT: Readonly<Record<string, ProviderHealth>> = {
  operational: 'operational',
  degraded_performance: 'degraded',
  partial_outage: 'degraded',
  major_outage: 'outage',
  under_maintenance: 'outage',
}

/** What a page's `indicator` means; a word that is not documented says nothing. */
export const healthOfPage = (indicator: string): ProviderHealth => ownEntry(OF_PAGE, indicator) ?? 'unknown'

/** What a component's `status` means; a word that is not documented says nothing. */
export const healthOfComponent = (status: string): ProviderHealth =>
  ownEntry(OF_COMPONENT, status) ?? 'unknown'
