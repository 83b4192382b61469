import { type Static, Type } from '@sinclair/typebox'
import { oneOf } from '../../core/schema.ts'
import { HEALTH, type Health } from '../facts.ts'
import type { Source } from '../source.ts'
import { inShape, instantOf, parseAnswer } from './answer.ts'

const NAME = 'circle_status'

const Component = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  group: Type.Optional(Type.Boolean()),
  group_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})
type Component = Static<typeof Component>

// summary.json has all three, components.json and status.json have two of them each.
const Answer = Type.Object({
  page: Type.Object({ updated_at: Type.String() }),
  components: Type.Optional(Type.Array(Component)),
  status: Type.Optional(Type.Object({ indicator: Type.String() })),
})

const Status = oneOf(HEALTH)

/** What Circle says of its own services. */
export const CircleStatus = Type.Object({
  /** Of minting, redeeming and moving money, whatever the chain. */
  overall: Status,
  base: Status,
  polygon: Status,
  arbitrum: Status,
  solana: Status,
  ethereum: Status,
  /** Epoch milliseconds of the page's last change, which may be long ago: no sign that the page is stale. */
  updated_at: Type.Integer(),
})
export type CircleStatus = Static<typeof CircleStatus>

const OF_COMPONENT = new Map<string, Health>([
  ['operational', 'operational'],
  ['degraded_performance', 'degraded'],
  ['partial_outage', 'degraded'],
  ['major_outage', 'outage'],
  // Nothing is minted meanwhile, announced or not.
  ['under_maintenance', 'outage'],
])

// Statuspage says minor of degraded components, major of a partial outage and critical of a major one.
const OF_PAGE = new Map<string, Health>([
  ['none', 'operational'],
  ['minor', 'degraded'],
  ['maintenance', 'degraded'],
  ['major', 'degraded'],
  ['critical', 'outage'],
])

const RAILS = /mint|redeem|payout|transfer|usdc|cctp|\bwires?\b|\bach\b|\bsepa\b/i

const CHAINS = {
  base: /(?<!knowledge )\bbase\b/i,
  polygon: /\bpolygon\b/i,
  arbitrum: /\barbitrum\b/i,
  solana: /\bsolana\b/i,
  ethereum: /\bethereum\b/i,
} as const

const OTHER_NETWORKS =
  'algorand aptos arc avalanche celo codex cronos hedera hyperevm hyperliquid ink linea monad near noble op optimism ' +
  'plume polkadot sei sonic starknet stellar sui unichain xdc xrpl zksync'

/** Of no concern to a payment: test networks, other products, and USDC on networks that we do not use. */
const ELSEWHERE = new RegExp(
  `sandbox|testnet|devnet|sepolia|amoy|wallet|world chain|\\b(?:eurc|${OTHER_NETWORKS.replaceAll(' ', '|')})\\b`,
  'i',
)

const FROM_BEST: readonly Health[] = ['operational', 'unknown', 'degraded', 'outage']

const worstOf = (components: readonly Component[]): Health | undefined => {
  const found = components.map(({ status }) => OF_COMPONENT.get(status) ?? 'unknown')
  return FROM_BEST.findLast((health) => found.includes(health))
}

/** Components with their group's name before their own; the groups, which only repeat them, are left out. */
const named = (components: readonly Component[]): Component[] => {
  const groups = new Map(components.filter(({ group }) => group).map(({ id, name }) => [id, name]))
  return components
    .filter(({ group }) => !group)
    .map((each) => ({ ...each, name: `${groups.get(each.group_id ?? '') ?? ''} ${each.name}` }))
}

const read = (body: string): CircleStatus => {
  const { page, components = [], status } = inShape(NAME, Answer, parseAnswer(NAME, body))
  const ours = named(components).filter(({ name }) => !ELSEWHERE.test(name))
  const chainOf = (name: string) => Object.values(CHAINS).some((chain) => chain.test(name))
  const rails = ours.filter(({ name }) => RAILS.test(name) && !chainOf(name))
  const overall = worstOf(rails) ?? OF_PAGE.get(status?.indicator ?? '') ?? 'unknown'
  // What is said of everything names no chain, so it takes none out of use.
  const unnamed = overall === 'outage' ? 'degraded' : overall
  const on = (chain: keyof typeof CHAINS): Health =>
    worstOf(ours.filter(({ name }) => CHAINS[chain].test(name))) ?? unnamed
  return {
    overall,
    base: on('base'),
    polygon: on('polygon'),
    arbitrum: on('arbitrum'),
    solana: on('solana'),
    ethereum: on('ethereum'),
    updated_at: instantOf(NAME, page.updated_at),
  }
}

/**
 * Circle's status page in the format of Atlassian Statuspage. The names of its components are not documented, so they
 * are told by the words in them. https://status.circle.com/api
 */
export const circleStatus = (url: string): Source<CircleStatus> => ({
  name: NAME,
  request: { url, method: 'GET', headers: {} },
  value: CircleStatus,
  read,
})
