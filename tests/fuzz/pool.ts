import fc from 'fast-check'

/** What the API has answered so far that later requests can be about, by the name of the field that takes it. */
export type Pool = Map<string, string[]>

const KEPT = 40

/** Under this name stand the fields of a payment that pays a quote, without the accounts. */
export const PAYABLE = 'payable'
/** Under this one a URL that takes what is sent to it. */
export const RECEIVER = 'receiver'

/** Words that stand for something of the pool until a request is sent. */
const MARK = /@(\w+):(\d+)@/g

/** Stands for one of the values that are kept under the name, whichever are by then. */
export const pooled = (name: string): fc.Arbitrary<string> =>
  fc.nat({ max: KEPT - 1 }).map((index) => `@${name}:${index}@`)

/** Text with the values in place of the marks; a name of which nothing is kept gives an id of nothing. */
export const resolved = (text: string, pool: Pool): string =>
  text.replace(MARK, (_mark, name: string, index: string) => {
    const values = pool.get(name) ?? []
    return values[Number(index) % Math.max(1, values.length)] ?? '0198c3a2-7f1e-7d4b-9a55-000000000000'
  })

const keep = (pool: Pool, name: string, value: unknown): void => {
  if (typeof value !== 'string') return
  const values = pool.get(name) ?? []
  values.unshift(value)
  pool.set(name, values.slice(0, KEPT))
}

/** The kind of thing that a path's `{id}` means, by the path's first words. */
export const kindOf = (path: string): string =>
  path
    .replace(/^\//, '')
    .replace(/\/\{id\}.*$/, '')
    .replaceAll(/\W/g, '_')

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Keeps what an answer of a success names: its own ids, and those of the entries of a page, but for the spared ones. */
export const harvest = (pool: Pool, path: string, answer: unknown, spared: ReadonlySet<unknown>): void => {
  if (!isRecord(answer)) return
  const kind = kindOf(path)
  const entries = Array.isArray(answer.data) ? answer.data.filter(isRecord) : [answer]
  for (const entry of entries) {
    if (spared.has(entry.id)) continue
    keep(pool, kind, entry.id ?? entry.payment_id ?? entry.quote_id)
    keep(pool, 'payment_id', entry.payment_id)
    keep(pool, 'endpoint_id', entry.endpoint_id)
    keep(pool, 'event_id', entry.event_id)
    keep(pool, 'recommendation_id', entry.recommendation_id)
  }
  keep(pool, 'webhooks_deliveries', answer.delivery_id)
  keep(pool, `cursor_${kind}`, answer.next_cursor)
  const { quote_id, amount, payout_currency } = answer
  if (kind === 'quotes' && typeof quote_id === 'string')
    keep(pool, PAYABLE, JSON.stringify({ amount, currency: payout_currency, quote_id }).slice(1, -1))
}
