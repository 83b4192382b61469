import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { type Harness, startHarness } from '../support/harness.ts'

describe.skipIf(!hasBrowser)('Swagger UI in a real browser', () => {
  let harness: Harness
  let browser: Browser
  let origin: string

  beforeAll(async () => {
    harness = await startHarness()
    harness.app.listen({ port: 0, hostname: '127.0.0.1' })
    origin = `http://127.0.0.1:${harness.app.server?.port}`
    browser = await openBrowser()
  }, 30_000)

  afterAll(async () => {
    await browser.close()
    await harness.app.stop(true)
    await harness.stop()
  })

  test('renders every operation and sends a request, asking no other host and without a console message', async () => {
    const page = await browser.newPage()
    const complaints: string[] = []
    const requests: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => requests.push(request.url()))

    await page.goto(`${origin}/swagger`)
    await page.waitForSelector('.opblock')
    const document = await (await fetch(`${origin}/openapi.json`)).json()
    const operations = Object.values(document.paths).flatMap((path) => Object.keys(path as object))
    expect(await page.locator('.opblock').count()).toBe(operations.length)

    await page.click('#operations-Quotes-createQuote .opblock-summary')
    await page.click('.try-out__btn')
    await page.click('.execute')
    const status = page.locator('.live-responses-table .response .response-col_status').first()
    await status.waitFor()
    expect(await status.textContent()).toContain('200')

    expect(complaints).toEqual([])
    expect(requests.filter((url) => !url.startsWith(origin))).toEqual([])
  }, 30_000)
})
