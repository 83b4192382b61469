import { describe, expect, test } from 'bun:test'
import { dirname, join, normalize } from 'node:path'

const SRC = join(import.meta.dir, '..', 'src')

interface Source {
  path: string
  text: string
  lines: number
  /** Paths below src that it imports. */
  imports: string[]
}

const importsOf = (path: string, text: string): string[] =>
  [...text.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, to]) => normalize(join(dirname(path), to ?? '')))

/** Without those of types alone, of which nothing is left when the program runs. */
const runningImports = (path: string, text: string): string[] =>
  importsOf(path, text.replace(/import type [^;]*? from '[^']+'/g, ''))

const sources: Source[] = await Promise.all(
  [...new Bun.Glob('**/*.{ts,tsx}').scanSync(SRC)].map(async (path) => {
    const text = await Bun.file(join(SRC, path)).text()
    return { path, text, lines: text.split('\n').length - 1, imports: importsOf(path, text) }
  }),
)

const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')
const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1).replace(/\.tsx?$/, '')

const DOMAINS = [
  'quotes',
  'payments',
  'fees',
  'market',
  'providers',
  'webhooks',
  'ledger',
  'audit',
  'treasury',
  'accounts',
  'reconcile',
  'operations',
]

/** What a domain shows the others: its services, its public shapes, its ports, and the SQL that publishes events. */
const FACES = new Set([
  'fees/candidates',
  'fees/engine',
  'fees/gas',
  'fees/limits',
  'fees/recommendation',
  'fees/schedule',
  'ledger/journal',
  'ledger/postings',
  'market/facts',
  'market/lock-price',
  'market/source',
  'market/service',
  'payments/transitions',
  'payments/wake',
  'providers/port',
  'providers/router',
  'quotes/model',
  'quotes/view',
  'webhooks/model',
  'webhooks/outbox',
])

/** Every import that a rule forbids, as readable lines. */
const violations = (forbidden: (from: Source, to: string) => boolean): string[] =>
  sources.flatMap((from) =>
    from.imports.filter((to) => forbidden(from, to)).map((to) => `${from.path} imports ${to}`),
  )

describe('dependencies point one way', () => {
  test('core imports nothing of ours', () => {
    expect(violations((from, to) => folderOf(from.path) === 'core' && folderOf(to) !== 'core')).toEqual([])
  })

  test('db and queue know no domain and no HTTP', () => {
    const below = new Set(['core', 'db', 'queue', 'telemetry'])
    expect(
      violations((from, to) => ['db', 'queue'].includes(folderOf(from.path)) && !below.has(folderOf(to))),
    ).toEqual([])
  })

  test('http knows no domain', () => {
    expect(
      violations((from, to) => folderOf(from.path) === 'http' && DOMAINS.includes(folderOf(to))),
    ).toEqual([])
  })

  test('only routes speak HTTP: services, stores and workers import nothing of it', () => {
    expect(
      violations(
        (from, to) =>
          DOMAINS.includes(folderOf(from.path)) && nameOf(from.path) !== 'routes' && folderOf(to) === 'http',
      ),
    ).toEqual([])
  })

  test('domains meet through the faces they show, never through another domain’s store', () => {
    expect(
      violations(
        (from, to) =>
          DOMAINS.includes(folderOf(from.path)) &&
          DOMAINS.includes(folderOf(to)) &&
          folderOf(from.path) !== folderOf(to) &&
          !FACES.has(to.slice(0, -'.ts'.length)),
      ),
    ).toEqual([])
  })

  test('no layer calls back up: a store imports no service, a service no routes', () => {
    const rank: Record<string, number> = { store: 0, service: 1, worker: 2, routes: 2 }
    expect(
      violations((from, to) => {
        const [lower, upper] = [rank[nameOf(from.path)], rank[nameOf(to)]]
        return (
          folderOf(from.path) === folderOf(to) && lower !== undefined && upper !== undefined && lower < upper
        )
      }),
    ).toEqual([])
  })

  test('only the composition imports the composition', () => {
    const top = new Set([
      'binary.ts',
      'main.ts',
      'process.ts',
      'services.ts',
      'outside.ts',
      'fleet.ts',
      'edge.ts',
      'routes.ts',
      'workers.ts',
      'app.ts',
      'welcome.ts',
      'reconcile/cli.ts',
    ])
    expect(
      violations((from, to) => top.has(to) && !top.has(from.path) && folderOf(from.path) !== 'demo'),
    ).toEqual([])
  })

  test('the page takes types from the API; what it runs of it is vocabulary without I/O', () => {
    const inPage = (path: string) => path.startsWith('dashboard/page/')
    const shared = (path: string) => folderOf(path) === 'core' || path === 'payments/transitions.ts'
    const running = sources
      .filter(({ path }) => inPage(path))
      .flatMap(({ path, text }) => runningImports(path, text).map((to) => ({ path, to })))
    expect(running.length).toBeGreaterThan(10)
    expect(running.filter(({ to }) => !inPage(to) && !shared(to))).toEqual([])
    expect(violations((from, to) => !inPage(from.path) && inPage(to))).toEqual([
      'dashboard/bundle.ts imports dashboard/page/index.html',
    ])
  })

  test('there is no import cycle, types aside', () => {
    const graph = new Map(sources.map(({ path, text }) => [path, runningImports(path, text)]))
    const done = new Set<string>()
    const cycleFrom = (path: string, trail: string[]): string | null => {
      if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' -> ')
      if (done.has(path)) return null
      for (const next of graph.get(path) ?? []) {
        const cycle = cycleFrom(next, [...trail, path])
        if (cycle) return cycle
      }
      done.add(path)
      return null
    }
    expect(sources.map(({ path }) => cycleFrom(path, [])).filter(Boolean)).toEqual([])
  })
})

describe('files stay small and plain', () => {
  test('no file has more than 400 lines and half have at most 90', () => {
    expect(sources.filter(({ lines }) => lines > 400).map(({ path }) => path)).toEqual([])
    const sizes = sources.map(({ lines }) => lines).sort((a, b) => a - b)
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(90)
  })

  test('time and chance are parameters: no domain reads the clock or draws by itself', () => {
    const banned = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandomUUID/
    expect(
      sources
        .filter(({ path, text }) => DOMAINS.includes(folderOf(path)) && banned.test(text))
        .map(({ path }) => path),
    ).toEqual([])
  })

  test('nothing but the database is awaited inside a transaction', () => {
    const outside = /\b(fetch|router|providers?|sendWebhook|initiate|perform)\b/
    const bodies = sources.flatMap(({ path, text }) =>
      text
        .split(/\.(?:begin|transaction)\(/)
        .slice(1)
        .map((rest) => ({ path, body: untilClosed(rest) })),
    )
    expect(bodies.length).toBeGreaterThan(0)
    expect(bodies.filter(({ body }) => outside.test(body)).map(({ path }) => path)).toEqual([])
  })

  test('no debt is hidden: no any, no suppressed error, no unfinished note', () => {
    const debt = /: any\b|\bas any\b|@ts-(?:ignore|expect-error|nocheck)|biome-ignore|\b(?:TODO|FIXME|XXX)\b/
    expect(sources.filter(({ text }) => debt.test(text)).map(({ path }) => path)).toEqual([])
  })
})

/** The text up to the bracket that closes the call it starts in. */
function untilClosed(text: string): string {
  let depth = 1
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++
    if (text[i] === ')' && --depth === 0) return text.slice(0, i)
  }
  return text
}
