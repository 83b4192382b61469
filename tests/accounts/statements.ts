import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'

const SCHEMA = new URL('../../src/db/schema/', import.meta.url).pathname
const SRC = new URL('../../src/', import.meta.url).pathname

/** Every table with an account's rows: what the builder's code calls it, and what SQL does. */
export const tenantTables = async (): Promise<Map<string, string>> => {
  const tables = new Map<string, string>()
  for (const file of new Bun.Glob('*.ts').scanSync(SCHEMA))
    for (const [name, value] of Object.entries<unknown>(await import(SCHEMA + file)))
      if (is(value, PgTable) && 'accountId' in getTableColumns(value)) tables.set(name, getTableName(value))
  return tables
}

/** A place in the program that reads or changes a tenant table, and whether it says whose rows. */
export interface Access {
  file: string
  table: string
  scoped: boolean
}

/** The text between the bracket before `at` and the one that closes it, or all of it outside of brackets. */
const blockAround = (text: string, at: number): string => {
  let start = 0
  for (let i = at, depth = 0; i >= 0; i--) {
    if (text[i] === ')') depth++
    if (text[i] === '(' && --depth < 0) {
      start = i + 1
      break
    }
  }
  return text.slice(start, endOf(text, start))
}

/** Where the brackets that are open at `start` close. */
const endOf = (text: string, start: number): number => {
  for (let i = start, depth = 0; i < text.length; i++) {
    if ('([{'.includes(text[i] ?? '')) depth++
    if (')]}'.includes(text[i] ?? '') && --depth < 0) return i
  }
  return text.length
}

const SUBQUERY = /^\s*(select|insert|update|delete|with|values)\b/

/** The block without the queries inside of it, whose conditions are not its own. */
const withoutSubqueries = (block: string): string => {
  let kept = ''
  for (let i = 0; i < block.length; i++) {
    kept += block[i]
    if (block[i] !== '(') continue
    const end = endOf(block, i + 1)
    if (SUBQUERY.test(block.slice(i + 1, end))) i = end - 1
  }
  return kept
}

const KEYWORDS =
  'where|set|on|using|left|right|full|inner|cross|join|order|group|limit|for|values|select|returning|from|union|as'

const COMPARISON =
  /(?:\b([a-z]\w*)\.)?\baccount_id\b(?:,[^()]*\))?\s*(?:=|in\b)\s*\(?(?:(?:([a-z]\w*)\.)?(account_id)\b)?/g

/**
 * Which of a query's tenant tables, by alias, are held to an account: by a value, or by an equal account of a relation
 * that is not one of them (an outer query's, a part that is looked at by itself) or is held to one in turn.
 */
const heldToAccount = (block: string, aliases: ReadonlySet<string>): ReadonlySet<string> => {
  const held = new Set<string>()
  const pairs: [string, string][] = []
  // Without a prefix it can only be the one table's, whatever that is called.
  const named = (alias: string | undefined) => (alias === undefined ? [...aliases] : [alias])
  for (const [, left, right, column] of block.matchAll(COMPARISON))
    for (const from of named(left))
      if (column === undefined) held.add(from)
      else for (const to of named(right)) pairs.push([from, to])
  const relations = [
    ...block.matchAll(/\b(?:from|join|update)\s+(?:lateral\s+)?(\(|[a-z]\w*)(?:\s+(?:as\s+)?([a-z]\w*))?/g),
  ]
  if (/\busing \([^)]*\baccount_id\b/.test(block))
    for (const [, one = '', alias] of relations)
      for (const other of aliases) pairs.push([alias && aliases.has(alias) ? alias : one, other])
  const isHeld = (alias: string) => held.has(alias) || !aliases.has(alias)
  for (let before = -1; before !== held.size; ) {
    before = held.size
    for (const [one, other] of pairs) {
      if (isHeld(one)) held.add(other)
      if (isHeld(other)) held.add(one)
    }
  }
  return held
}

const referencesOf = (text: string, tables: readonly string[]) => {
  const name = `(?:public\\.)?(${tables.join('|')})\\b`
  const pattern = new RegExp(
    `\\b(from|join|into|update)\\s+${name}(?:\\s+(?:as\\s+)?(?!(?:${KEYWORDS})\\b)([a-z]\\w*))?`,
    'g',
  )
  return [...text.matchAll(pattern)].map(
    ({ index, 0: { length }, 1: verb = '', 2: table = '', 3: alias = table }) => ({
      verb,
      table,
      alias,
      index,
      end: index + length,
    }),
  )
}

/** The tenant tables that SQL text uses, in template literals. */
const inSql = (file: string, source: string, tables: readonly string[]): Access[] =>
  [...source.matchAll(/`(?:[^`\\]|\\.)*`/g)].flatMap(([literal]) => {
    const text = literal.slice(1, -1)
    return referencesOf(text, tables).map(({ verb, table, alias, index, end }): Access => {
      if (verb === 'into') {
        const columns = /^\s*\(([^)]*)\)/.exec(text.slice(end))?.[1] ?? ''
        return { file, table, scoped: /\baccount_id\b/.test(columns) }
      }
      const block = withoutSubqueries(blockAround(text, index))
      // Several queries of a union each have their own conditions.
      const query =
        block
          .split(/\bunion(?: all)?\b/)
          .find((part) => referencesOf(part, [table]).some((each) => each.alias === alias)) ?? block
      const aliases = new Set(referencesOf(query, tables).map((each) => each.alias))
      return { file, table, scoped: heldToAccount(query, aliases).has(alias) }
    })
  })

/** What a name stands for in a file, as far as the brackets and operators of its definition go. */
const definitionOf = (source: string, name: string): string => {
  const match = new RegExp(`\\bconst ${name}\\b[^=]*=(?!=)`).exec(source)
  if (!match) return ''
  const start = match.index + match[0].length
  const line = source.slice(start)
  for (let i = 0, depth = 0; i < line.length; i++) {
    if ('([{'.includes(line[i] ?? '')) depth++
    if (')]}'.includes(line[i] ?? '')) depth--
    if (
      depth <= 0 &&
      line[i] === '\n' &&
      !/(=>|=|&&|\?|:|,)\s*$/.test(line.slice(0, i)) &&
      !/^\s*[.?:&|]/.test(line.slice(i + 1))
    )
      return line.slice(0, i)
  }
  return line
}

const DEPTH = 3

const expanded = (source: string, text: string, depth = DEPTH): string =>
  depth === 0
    ? text
    : [...new Set(text.match(/(?<![\w)]\.)\b[a-z]\w*\b/g))]
        .map((name) => expanded(source, definitionOf(source, name), depth - 1))
        .reduce((all, each) => `${all}\n${each}`, text)

/** The calls that follow in a chain, from a position in it. */
const chainFrom = (source: string, at: number): string => {
  let end = at
  for (
    let link = /^\s*\.(\w+)\(/.exec(source.slice(end));
    link;
    link = /^\s*\.(\w+)\(/.exec(source.slice(end))
  )
    end = endOf(source, end + link[0].length) + 1
  return source.slice(at, end)
}

/** Where a query that a function only begins goes on: `const rows = () => …` and then `rows().where(…)`. */
const continuations = (source: string, at: number): string[] => {
  const line = source.slice(source.lastIndexOf('\n', at) + 1, at)
  const name = /const (\w+) = \(\) =>/.exec(line)?.[1]
  if (!name) return []
  const uses = [...source.matchAll(new RegExp(`\\b${name}\\(\\)`, 'g'))]
  return uses.map((use) => chainFrom(source, use.index + use[0].length))
}

/** The tenant tables that the query builder uses. Its inserts need no look: the types demand every column. */
const inBuilder = (file: string, source: string, tables: ReadonlyMap<string, string>): Access[] => {
  const aliases = new Map(tables)
  for (const [, alias = '', name = ''] of source.matchAll(/const (\w+) = (\w+)\n/g))
    if (tables.has(name)) aliases.set(alias, tables.get(name) ?? '')
  const names = [...aliases.keys()].join('|')
  const pattern = new RegExp(`\\.(from|update|delete|\\w+Join)\\((${names})(?=[,)])`, 'g')
  return [...source.matchAll(pattern)].map((match): Access => {
    const [, verb = '', name = ''] = match
    const chain = [chainFrom(source, match.index), ...continuations(source, match.index)].join('\n')
    const conditions = verb.endsWith('Join')
      ? chain.slice(0, endOf(chain, chain.indexOf('(') + 1))
      : [...chain.matchAll(/\.where\(/g)]
          .map(({ index }) => chain.slice(index, endOf(chain, index + 7)))
          .join('\n')
    const compared = verb.endsWith('Join') ? '' : '(?!\\s*\\w+\\.accountId)'
    const scoped = new RegExp(`\\beq\\(\\s*\\w+\\.accountId,${compared}`).test(expanded(source, conditions))
    return { file, table: aliases.get(name) ?? '', scoped }
  })
}

/** Every access to a tenant table in a source text. */
export const accessesIn = (file: string, source: string, tables: ReadonlyMap<string, string>): Access[] => {
  const code = source.replace(/^\s*(\/\/|\/?\*).*$/gm, '')
  return [...inSql(file, code, [...tables.values()]), ...inBuilder(file, code, tables)]
}

/** Every access to a tenant table in the program. */
export const accesses = async (): Promise<Access[]> => {
  const tables = await tenantTables()
  const found = [...new Bun.Glob('**/*.ts').scanSync(SRC)].map(async (file) =>
    accessesIn(file, await Bun.file(SRC + file).text(), tables),
  )
  return (await Promise.all(found)).flat()
}

/** The files that import tenant tables to query them. */
export const importers = async (): Promise<string[]> => {
  const names = [...(await tenantTables()).keys()].join('|')
  const imports = new RegExp(`^import \\{[^}]*\\b(${names})\\b[^}]*\\} from '[./]+/db/schema/`, 'm')
  const files = [...new Bun.Glob('**/*.ts').scanSync(SRC)].filter((file) => !file.startsWith('db/schema/'))
  const texts = await Promise.all(files.map((file) => Bun.file(SRC + file).text()))
  return files.filter((_, index) => imports.test(texts[index] ?? ''))
}
