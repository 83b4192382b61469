/** `bun run docs`: fills the generated parts of the documentation from the code they describe. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TSchema } from '@sinclair/typebox'
import { allowedBy } from '../src/config.ts'
import { Environment } from '../src/environment.ts'
import { CHAIN_POLICY } from '../src/fees/policy.ts'
import { healthRoutes } from '../src/http/health.ts'
import { metricsRoutes } from '../src/http/metrics.ts'
import { routesOf as declaredRoutes, shownPath } from '../src/http/routing.ts'
import { CHART, type Side } from '../src/ledger/chart.ts'
import { createObservers, registerWatched, type Watched } from '../src/metrics.ts'
import { STATUSES, TRANSITIONS } from '../src/payments/transitions.ts'
import { FAULTS } from '../src/providers/sandbox/faults.ts'
import { routesOf } from '../src/routes.ts'
import type { Services } from '../src/services.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { createMetrics, OF_DATABASE, OF_PROCESS } from '../src/telemetry/metrics.ts'

const stateDiagram = (): string => {
  const left = new Set(TRANSITIONS.map(({ from }) => from as string))
  const edges = TRANSITIONS.map(({ from, event, to }) => `  ${from} --> ${to}: ${event}`)
  const ends = STATUSES.filter((status) => !left.has(status)).map((status) => `  ${status} --> [*]`)
  return ['```mermaid', 'stateDiagram-v2', `  [*] --> ${STATUSES[0]}`, ...edges, ...ends, '```'].join('\n')
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const settings = (): string => {
  const properties: Record<string, TSchema> = Environment.properties
  const shown = (schema: TSchema) => (schema.default === undefined ? '' : `\`${schema.default}\``)
  const rows = Object.entries(properties).map(([name, schema]) => [
    `\`${name}\``,
    shown(schema),
    allowedBy(schema),
    schema.description ?? '',
  ])
  return table(['variable', 'default', 'allowed', 'meaning'], rows)
}

const faults = (): string =>
  table(
    ['fault', 'what the provider does'],
    Object.entries(FAULTS).map(([fault, meaning]) => [`\`${fault}\``, meaning]),
  )

const chainPolicy = (): string =>
  table(
    ['chain', 'usual minutes', 'carries 500,000 USD and more'],
    Object.entries(CHAIN_POLICY).map(([chain, { minutes, carriesLarge }]) => [
      chain,
      minutes.join(' to '),
      carriesLarge ? 'yes' : 'no',
    ]),
  )

const SIDES: Record<Side, string> = {
  source: 'source',
  target: 'target',
  usdc: 'USDC',
  each: 'source, USDC, target',
}

const chart = (): string =>
  table(
    ['account', 'currency', 'clears', 'meaning'],
    Object.entries(CHART).map(([account, { side, clears, meaning }]) => [
      `\`${account}\``,
      SIDES[side],
      clears ? 'yes' : '',
      meaning,
    ]),
  )

/** Every metric with its help, from a registry that is never read. */
const metrics = (): string => {
  const registry = createMetrics()
  createObservers(registry)
  const unread = () => {
    throw new Error('what is only described is not read')
  }
  const reads = { market: unread, providers: unread, advice: unread, queues: unread, now: unread }
  const watched: Watched = { ...reads, openLocks: unread, newestRun: unread, pool: 0 }
  registerWatched(registry, watched, {
    clock: { now: () => 0 },
    log: createLogger({ level: 'silent', pretty: false }),
  })
  const rows = registry.getMetricsAsArray().map((metric) => {
    // The library's types know neither; every kind of metric has both.
    const { type, labelNames } = metric as unknown as { type: string; labelNames: readonly string[] }
    const scope = metric.help.endsWith(OF_DATABASE) ? 'database' : 'process'
    const meaning = metric.help.replace(` ${OF_PROCESS}`, '').replace(` ${OF_DATABASE}`, '')
    return [`\`${metric.name}\``, type, labelNames.map((label) => `\`${label}\``).join(', '), scope, meaning]
  })
  return table(
    ['metric', 'type', 'labels', 'whose', 'meaning'],
    rows.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  )
}

interface Rule {
  alert: string
  for?: string
  labels: { severity: string }
}

const textOf = (path: string): string => readFileSync(join(import.meta.dir, path), 'utf8')

/** Every alert with the first sentence of its runbook. */
const alerts = (): string => {
  const { groups } = Bun.YAML.parse(textOf('../deploy/prometheus/rules.yml')) as {
    groups: { rules: Rule[] }[]
  }
  const rows = groups
    .flatMap(({ rules }) => rules)
    .map(({ alert, for: lasts = '', labels }) => {
      const path = `runbooks/${alert}.md`
      const [, meaning = ''] = /\*\*What it means\.\*\* (.+?\.)(?: |\n)/.exec(textOf(path)) ?? []
      return [`[${alert}](${path})`, labels.severity, lasts, meaning]
    })
  return table(['alert', 'severity', 'for', 'meaning'], rows)
}

interface Described {
  summary?: string
  tags?: string[]
  hide?: boolean
  security?: { apiKey: string[] }[]
}

/** Every route by its tag, as the program declares them; nothing is asked of the services behind them. */
const routes = (): string => {
  const unused = new Proxy({}, { get: () => undefined }) as Services
  const metricsOnly = { contentType: '', metrics: async () => '' }
  const plugins = [...routesOf(unused), healthRoutes({ ready: async () => ({}) }), metricsRoutes(metricsOnly)]
  const rows = plugins.flatMap(declaredRoutes).flatMap(({ method, path, hooks }) => {
    const { summary = '', tags, hide, security } = hooks.detail as Described
    const scope = security?.[0]?.apiKey[0] ?? 'none'
    return hide ? [] : [{ tag: tags?.[0] ?? '', cells: [`\`${method} ${shownPath(path)}\``, scope, summary] }]
  })
  return [...Map.groupBy(rows, ({ tag }) => tag)]
    .map(
      ([tag, some]) =>
        `## ${tag}\n\n${table(
          ['route', 'scope', 'what it does'],
          some.map(({ cells }) => cells),
        )}\n`,
    )
    .join('\n')
}

/** What stands between `<!-- generated: name -->` and `<!-- end -->` in the Markdown files. */
const PARTS: Record<string, () => string> = {
  'state-diagram': stateDiagram,
  'chain-policy': chainPolicy,
  settings,
  faults,
  'chart-of-accounts': chart,
  metrics,
  alerts,
  routes,
}

const BLOCK = /(<!-- generated: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g

/** The page with its generated parts made anew. Throws for a part that nothing generates. */
export const refresh = (page: string): string =>
  page.replace(BLOCK, (_all, start: string, name: string, end: string) => {
    const part = PARTS[name]
    if (!part) throw new Error(`nothing generates the part ${name}`)
    return `${start}${part()}\n${end}`
  })

if (import.meta.main) {
  for (const path of new Bun.Glob('*.md').scanSync(import.meta.dir)) {
    const file = Bun.file(join(import.meta.dir, path))
    await Bun.write(file, refresh(await file.text()))
  }
}
