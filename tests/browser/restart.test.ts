import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { freePort, killServices, runProgram, type Service, startService, urlOf } from '../chaos/service.ts'
import { hasBrowser } from '../support/browser.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { openPages, type Pages } from './dashboard.ts'

describe.skipIf(!hasBrowser)('a service that wants keys, and is killed while the page is open', () => {
  let database: TestDatabase
  let pages: Pages
  let key: string
  let settings: Record<string, string>
  let service: Service
  let origin: string

  beforeAll(async () => {
    database = await testDatabase()
    pages = await openPages()
    settings = { DATABASE_URL: database.url, PORT: String(await freePort()) }
    const { out } = await runProgram(['src/accounts/cli.ts', 'create', 'shop', 'read,write,admin'], settings)
    key = out.trim()
    service = startService(settings)
    origin = await urlOf(service)
  }, 30_000)
  afterAll(async () => {
    await pages.close()
    await killServices()
    await database.drop()
  })

  const post = async (url: string, body: object) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    return response.json()
  }

  const pay = async (base: string, payer: string): Promise<void> => {
    const { quote_id } = await post(`${base}/quotes`, {
      from_currency: 'USD',
      to_currency: 'EUR',
      amount: 100_000,
    })
    await post(`${base}/payments`, {
      amount: 100_000,
      currency: 'EUR',
      source_account: payer,
      destination_account: 'merchant456',
      quote_id,
    })
  }

  const give = async (page: Page, text: string) => {
    await page.getByRole('textbox', { name: 'API key' }).fill(text)
    await page.getByRole('button', { name: 'Use this key' }).click()
  }
  const rowOf = (page: Page, payer: string) => page.locator('.virtual tbody tr', { hasText: payer })

  test('a key is asked for before anything is, a wrong one is refused, and it stays in memory alone', async () => {
    const page = await pages.open(`${origin}/#/payments`)
    await page.getByRole('textbox', { name: 'API key' }).waitFor()
    expect(pages.complaints).toEqual([])
    await give(page, 'rl_test_…')
    expect(
      await page
        .getByRole('textbox', { name: 'API key' })
        .evaluate((input: HTMLInputElement) => input.validity.patternMismatch),
    ).toBe(true)
    await give(page, 'rl_test_wrong')
    await page.getByText('That key is not accepted').waitFor()
    await give(page, key)
    await page.getByText('No payments yet').waitFor()
    const kept = await page.evaluate(async () => [
      ...Object.values(localStorage),
      ...Object.values(sessionStorage),
      document.cookie,
      location.href,
      JSON.stringify(await indexedDB.databases()),
      ...(await caches.keys()),
    ])
    expect(kept.join()).not.toContain(key)
    expect(pages.requests.join()).not.toContain(key)
    await page.reload()
    await page.getByRole('textbox', { name: 'API key' }).waitFor()
    await give(page, key)
    await page.getByText('No payments yet').waitFor()
    await page.getByRole('button', { name: 'Forget key' }).click()
    await page.getByRole('textbox', { name: 'API key' }).waitFor()
  })

  test('the page says that the service is gone, and misses nothing of what happens meanwhile', async () => {
    const page = await pages.open(`${origin}/#/payments`)
    await give(page, key)
    await page.locator('.live', { hasText: /^\s*Live$/ }).waitFor()
    await pay(origin, 'before')
    await rowOf(page, 'before').getByText('Completed').waitFor()
    await page.evaluate(() => Reflect.set(window, 'loadedOnce', true))
    pages.requests.length = 0

    service.kill('SIGKILL')
    await service.ended
    await page.getByText('No connection').waitFor()
    expect(await rowOf(page, 'before').count()).toBe(1)

    const other = startService({ ...settings, PORT: String(await freePort()) })
    await pay(await urlOf(other), 'meanwhile')
    await other.until(async () => {
      const [row] = await database.sql`select count(*)::int as done from payments where status = 'COMPLETED'`
      return row?.done === 2
    })
    service = startService(settings)
    await rowOf(page, 'meanwhile').getByText('Completed').waitFor()
    await page.getByText('Connected').waitFor()
    await pay(origin, 'afterwards')
    await rowOf(page, 'afterwards').getByText('Completed').waitFor()

    // Asked to stop it ends the stream in order, which is no reason to stay away either.
    service.kill('SIGTERM')
    await service.ended
    await page.getByText('No connection').waitFor()
    service = startService(settings)
    await pay(await urlOf(service), 'in-order')
    await rowOf(page, 'in-order').getByText('Completed').waitFor()
    expect(await page.evaluate(() => Reflect.get(window, 'loadedOnce'))).toBe(true)
    // The streams have told of all of it, from the last event that was seen: no list was asked for again.
    expect(pages.requests.filter((url) => url.includes('/payments?'))).toEqual([])
  }, 90_000)
})
