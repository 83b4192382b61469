import { afterAll, beforeAll, expect } from 'bun:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { bundlePage } from '../../src/dashboard/bundle.ts'
import { dashboardRoutes } from '../../src/dashboard/routes.ts'
import { openBrowser } from '../support/browser.ts'
import { type HarnessOptions, startHarness } from '../support/harness.ts'

const axe = await Bun.file(Bun.resolveSync('axe-core/axe.min.js', import.meta.dir)).text()

const WAIT_MS = 25_000

interface AxeResults {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[]
}

/** Everything that a browser complains about, so that a test can say that it had nothing to. */
export const openPages = async () => {
  const browser = await openBrowser()
  const complaints: string[] = []
  const requests: string[] = []
  return {
    complaints,
    requests,
    open: async (url: string, options: BrowserContextOptions = {}): Promise<Page> => {
      const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', ...options })
      // Below the tests' own limit, so that a failure says what was waited for.
      context.setDefaultTimeout(WAIT_MS)
      const page = await context.newPage()
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(url)
      return page
    },
    close: () => browser.close(),
  }
}

export type Pages = Awaited<ReturnType<typeof openPages>>

/** The whole program with its page on a port of this machine. */
export const startDashboard = async (options: HarnessOptions = {}) => {
  const harness = await startHarness({ workers: true, ...options })
  harness.app.use(dashboardRoutes(await bundlePage({ keyNeeded: false })))
  harness.app.listen({ port: 0, hostname: '127.0.0.1' })
  return {
    harness,
    origin: `http://localhost:${harness.app.server?.port}`,
    stop: async () => {
      harness.services.feed.close()
      await harness.app.stop(true)
      await harness.stop()
    },
  }
}

/** A service with its page, and a browser, for the tests of one describe; both are there when its tests begin. */
export const useDashboard = (options: HarnessOptions = {}) => {
  const used = {} as { service: Awaited<ReturnType<typeof startDashboard>>; pages: Pages }
  beforeAll(async () => {
    used.service = await startDashboard(options)
    used.pages = await openPages()
  }, 30_000)
  afterAll(async () => {
    await used.pages.close()
    await used.service.stop()
  })
  return used
}

/** What axe finds wrong with the page as it is now, in readable lines. */
export const barriers = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  )
}

/** Fills in the form and asks for a quote. */
export const askForQuote = async (
  page: Page,
  fields: { amount?: string; payer?: string; payee?: string } = {},
) => {
  if (fields.amount) await page.getByLabel('You send').fill(fields.amount)
  if (fields.payer) await page.getByLabel('Payer’s account').fill(fields.payer)
  if (fields.payee) await page.getByLabel('Payee’s account').fill(fields.payee)
  await page.getByRole('button', { name: 'Get a quote' }).click()
  await page.getByText('Guaranteed payout').waitFor()
}

/** The button that pays the quote, which says what, from whom and to whom. */
export const payButton = (page: Page) => page.getByRole('button', { name: /^Pay / })

/** Pays the quote that is shown and answers the payment's id once the page shows how it ended. */
export const pay = async (page: Page, outcome: string): Promise<string> => {
  await payButton(page).click()
  await page.locator('.outcome', { hasText: outcome }).waitFor()
  const link = await page.getByRole('link', { name: 'All about it' }).getAttribute('href')
  expect(link).toMatch(/^#\/payments\/[0-9a-f-]{36}$/)
  return link?.split('/').at(-1) ?? ''
}

/** The API takes the next payment, and its answer is lost on the way. */
export const loseAnswer = (page: Page): Promise<unknown> =>
  page.route(
    '**/payments',
    async (route) => {
      await route.fetch()
      await route.abort('connectionreset')
    },
    { times: 1 },
  )
