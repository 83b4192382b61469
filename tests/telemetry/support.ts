import type { Harness } from '../support/harness.ts'

/** What a scrape shows: values by name and labels, as in `up{job="a"}`. */
export type Scrape = ReadonlyMap<string, number>

export const parse = (text: string): Scrape =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number(line.slice(at + 1).replace('Inf', 'Infinity'))]
      }),
  )

/** GET /metrics, once what earlier requests leave behind their answers is done. */
export const scrape = async ({ app }: Pick<Harness, 'app'>): Promise<Scrape> => {
  await new Promise((resolve) => setImmediate(resolve))
  const response = await app.handle(new Request('http://localhost/metrics'))
  if (response.status !== 200) throw new Error(`the scrape was answered with ${response.status}`)
  return parse(await response.text())
}

/** How much each series has grown between two scrapes; those that have not are left out. */
export const growth = (before: Scrape, after: Scrape): Record<string, number> =>
  Object.fromEntries(
    [...after]
      .map(([series, value]) => [series, value - (before.get(series) ?? 0)] as const)
      .filter(([, grown]) => grown !== 0),
  )

/** The series of one metric. */
export const only = (found: Scrape, name: string): Record<string, number> =>
  Object.fromEntries([...found].filter(([series]) => series === name || series.startsWith(`${name}{`)))
