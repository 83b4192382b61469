import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyElysia } from 'elysia'
import { pathPattern } from '../../src/http/routing.ts'
import { fakeProvider } from '../payments/fake-provider.ts'
import { type Harness, startHarness } from '../support/harness.ts'

const ROOT = join(import.meta.dir, '../..')
const read = (path: string) => Bun.file(join(ROOT, path)).text()

interface Rule {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: { summary: string; runbook_url: string }
}

const { groups } = Bun.YAML.parse(await read('deploy/prometheus/rules.yml')) as {
  groups: { rules: Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)
const runbooks = [...new Bun.Glob('docs/runbooks/*.md').scanSync(ROOT)].sort()

interface Panel {
  title: string
  type: string
  description?: string
  targets?: { expr: string }[]
}
const dashboard = JSON.parse(await read('deploy/grafana/dashboard.json')) as { panels: Panel[]; uid: string }

let harness: Harness
/** The labels of every metric that can be asked for, histograms by the names of their series. */
const known = new Map<string, ReadonlySet<string>>()
beforeAll(async () => {
  harness = await startHarness({ providers: [fakeProvider('a').provider] })
  for (const metric of harness.services.metrics.getMetricsAsArray()) {
    const { type, labelNames } = metric as unknown as { type: string; labelNames: string[] }
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
    for (const suffix of suffixes)
      known.set(
        metric.name + suffix,
        new Set([...labelNames, 'instance', 'job', ...(suffix === '_bucket' ? ['le'] : [])]),
      )
  }
  // Prometheus' own.
  known.set('up', new Set(['job', 'instance']))
})
afterAll(() => harness.stop())

const NAME = /\b(?:ratelock|process)_\w+|\bup\b/g

/** What is wrong with the metrics and the label matchers of an expression. */
const problemsOf = (expr: string): string[] => {
  const bare = expr.replaceAll(/"[^"]*"/g, '""')
  const names = [...bare.matchAll(NAME)].map(([name]) => name)
  if (names.length === 0) return ['it asks for no metric']
  const unknown = names.filter((name) => !known.has(name)).map((name) => `there is no ${name}`)
  const labels = [...bare.matchAll(/(\w+)\{([^}]*)\}/g)].flatMap(([, name = '', matchers = '']) =>
    [...matchers.matchAll(/(\w+)\s*[=!]~?/g)]
      .map(([, label = '']) => label)
      .filter((label) => !known.get(name)?.has(label))
      .map((label) => `${name} has no label ${label}`),
  )
  const grouped = [...bare.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((label) => label.trim())
      .filter((label) => !names.some((name) => known.get(name)?.has(label)))
      .map((label) => `nothing has the label ${label}`),
  )
  return [...unknown, ...labels, ...grouped]
}

describe('the alerts of Prometheus', () => {
  test('the look is not taken in: it finds names and labels that do not exist', () => {
    expect(problemsOf('max(ratelock_nothing) > 0')).toEqual(['there is no ratelock_nothing'])
    expect(problemsOf('sum(ratelock_queue_jobs{kind="x"})')).toEqual([
      'ratelock_queue_jobs has no label kind',
    ])
    expect(problemsOf('sum by (kind) (ratelock_queue_jobs)')).toEqual(['nothing has the label kind'])
    expect(problemsOf('rate(ratelock_http_request_seconds[5m])')).toHaveLength(1)
  })

  test('ask for metrics and labels that there are', () => {
    expect(rules.length).toBeGreaterThan(20)
    const wrong = rules.flatMap(({ alert, expr }) =>
      problemsOf(expr).map((problem) => `${alert}: ${problem}`),
    )
    expect(wrong).toEqual([])
  })

  test('have each a name of its own, a severity, a summary and a runbook that is there', () => {
    const names = rules.map(({ alert }) => alert)
    expect(new Set(names).size).toBe(names.length)
    for (const { alert, labels, annotations } of rules) {
      expect(['page', 'ticket']).toContain(labels.severity)
      expect(annotations.summary).not.toBe('')
      expect(annotations.runbook_url).toBe(`docs/runbooks/${alert}.md`)
      expect(existsSync(join(ROOT, annotations.runbook_url))).toBe(true)
    }
    expect(runbooks).toEqual(names.map((name) => `docs/runbooks/${name}.md`).sort())
  })
})

describe('a runbook', () => {
  test.each(runbooks)('%s says what it means, what to look at, what to do and what not', async (path) => {
    const text = await read(path)
    const parts = [...text.matchAll(/^\*\*(.+?)\*\*/gm)].map(([, part]) => part)
    expect(parts).toEqual(['What it means.', 'What to look at', 'What to do', 'What not to do'])
  })

  test.each(runbooks)('%s names routes, pages, metrics and settings that there are', async (path) => {
    const text = await read(path)
    const { routes } = harness.app as unknown as AnyElysia
    const named = [...text.matchAll(/`(GET|POST|PATCH|DELETE) (\/[^`?]*)/g)]
    const strays = named.filter(
      ([, method, route = '']) =>
        !routes.some((each) => each.method === method && pathPattern(each.path).test(route)),
    )
    expect(strays.map(([all]) => all)).toEqual([])
    const metrics = [...text.matchAll(NAME)].map(([name]) => name)
    const families = new Set(
      [...known.keys()].flatMap((name) => [name, name.replace(/_(bucket|sum|count)$/, '')]),
    )
    expect(metrics.filter((name) => !families.has(name))).toEqual([])
    const settings = await read('docs/configuration.md')
    const variables = [...text.matchAll(/`([A-Z][A-Z_]*_[A-Z_]+)(?:=[^`]*)?`/g)].map(([, name = '']) => name)
    const codes = new Set(['INTERNAL_ERROR', 'RATE_UNAVAILABLE', 'SERVICE_UNAVAILABLE'])
    expect(variables.filter((name) => !settings.includes(`\`${name}\``) && !codes.has(name))).toEqual([])
    const pages = [...text.matchAll(/dashboard's page (\w+)/g)].map(([, page]) => page)
    const shell = await read('src/dashboard/page/app.tsx')
    expect(pages.filter((page) => !shell.includes(`title: '${page}'`))).toEqual([])
  })

  test.each(runbooks)('%s: every statement in it runs', async (path) => {
    const text = await read(path)
    for (const [, statement = ''] of text.matchAll(/```sql\n([\s\S]*?)```/g))
      expect(await harness.database.sql.unsafe(statement)).toBeArray()
    for (const [, expr = ''] of text.matchAll(/`((?:sum|rate|max)[ (][^`]*)`/g))
      expect(problemsOf(expr)).toEqual([])
  })
})

describe('the dashboard of Grafana', () => {
  test('asks for metrics and labels that there are, each panel for something', () => {
    const panels = dashboard.panels.filter(({ type }) => type !== 'row')
    expect(panels.length).toBeGreaterThan(20)
    const wrong = panels.flatMap(({ title, targets = [] }) =>
      targets.length === 0
        ? [`${title} asks for nothing`]
        : targets.flatMap(({ expr }) => problemsOf(expr).map((problem) => `${title}: ${problem}`)),
    )
    expect(wrong).toEqual([])
  })

  test('shows every metric that there is', () => {
    const asked = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n')
    const names = harness.services.metrics.getMetricsAsArray().map(({ name }) => name)
    expect(names.filter((name) => !new RegExp(`\\b${name}(_bucket|_sum|_count)?\\b`).test(asked))).toEqual([])
  })
})
