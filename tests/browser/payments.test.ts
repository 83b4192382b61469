import { beforeEach, describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { copyPayment } from '../payments/copies.ts'
import { hasBrowser } from '../support/browser.ts'
import type { Harness } from '../support/harness.ts'
import { startDashboard, useDashboard } from './dashboard.ts'

describe.skipIf(!hasBrowser)('payments on the page', () => {
  const used = useDashboard()

  beforeEach(() => {
    used.pages.complaints.length = 0
  })

  const call: Harness['call'] = (...request) => used.service.harness.call(...request)

  const pay = async (payer: string, { call } = used.service.harness): Promise<string> => {
    const quote = await call('POST', '/quotes', { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 })
    const { body } = await call('POST', '/payments', {
      amount: 100_000,
      currency: 'EUR',
      source_account: payer,
      destination_account: 'merchant456',
      quote_id: quote.body.quote_id,
    })
    return body.payment_id
  }

  const rowOf = (page: Page, payer: string) => page.locator('.virtual tbody tr', { hasText: payer })
  const live = (page: Page) => page.locator('.live', { hasText: /^\s*Live$/ }).waitFor()

  test('the list shows payments as they come and as they change, without asking again', async () => {
    const page = await used.pages.open(`${used.service.origin}/#/payments`)
    await page.getByText('No payments yet').waitFor()
    await live(page)
    used.pages.requests.length = 0
    await pay('live-one')
    await rowOf(page, 'live-one').getByText('Completed').waitFor()
    await pay('fail_onramp-live')
    await rowOf(page, 'fail_onramp-live').getByText('Failed').waitFor()
    const first = page.locator('.virtual tbody tr').first()
    expect(await first.textContent()).toContain('fail_onramp-live')
    expect(used.pages.requests).toEqual([])
    expect(used.pages.complaints).toEqual([])
  })

  test('it is searched and filtered, and what does not fit stays away while it changes', async () => {
    const found = await pay('needle-account')
    const page = await used.pages.open(`${used.service.origin}/#/payments`)
    await live(page)
    await page.getByLabel('Search').fill('NEEDLE')
    await rowOf(page, 'needle-account').waitFor()
    await page.getByText('1 shown, all there are').waitFor()
    await pay('hay-account')
    await pay('needle-again')
    await rowOf(page, 'needle-again').getByText('Completed').waitFor()
    expect(await rowOf(page, 'hay-account').count()).toBe(0)
    await page.getByLabel('Search').fill(found)
    await page.getByText('1 shown, all there are').waitFor()
    await page.getByLabel('State').selectOption('FAILED')
    await page.getByText('No payment fits').waitFor()
    expect(used.pages.complaints).toEqual([])
  })

  test('what happens while a page is loading is not undone by it', async () => {
    const page = await used.pages.open('about:blank')
    const answer = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    await page.route('**/payments?*', async (route) => {
      const response = await route.fetch()
      asked.resolve()
      await answer.promise
      await route.fulfill({ response })
    })
    await page.goto(`${used.service.origin}/#/payments`)
    await asked.promise
    const id = await pay('while-loading')
    await used.service.harness.services.feed.look()
    await page.waitForFunction(() => document.querySelector('.live')?.textContent?.includes('Live'))
    const end = async () => (await call('GET', `/payments/${id}`)).body.status === 'COMPLETED'
    while (!(await end())) await page.evaluate(() => new Promise(requestAnimationFrame))
    answer.resolve()
    await rowOf(page, 'while-loading').getByText('Completed').waitFor()
    expect(used.pages.complaints).toEqual([])
  })

  test('a filter whose list cannot be loaded shows nothing that does not fit', async () => {
    const page = await used.pages.open(`${used.service.origin}/#/payments`)
    await rowOf(page, 'live-one').waitFor()
    await page.route('**/payments?*', (route) => route.fulfill({ status: 503, json: { message: 'away' } }))
    await page.getByLabel('State').selectOption('FAILED')
    await page.getByText('away').waitFor()
    await pay('fail_onramp-hidden')
    expect(await page.locator('.virtual tbody tr').count()).toBe(0)
    await page.unroute('**/payments?*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await rowOf(page, 'fail_onramp-hidden').waitFor()
    expect(await page.getByText('Completed', { exact: true }).count()).toBe(1)
  })

  test('a payment’s page has its timeline, legs, rates, ledger and audit rows, as the API has them', async () => {
    const id = await pay('refuse_offramp_once')
    const page = await used.pages.open(`${used.service.origin}/#/payments/${id}`)
    await page.locator('.outcome', { hasText: 'Completed' }).waitFor()
    const { body } = await call('GET', `/payments/${id}`)
    await page.getByText('sandbox_b').first().waitFor()
    expect(await page.locator('.legs > li').count()).toBe(body.legs.length)
    expect(await page.locator('.legs').textContent()).toContain(body.legs[1].reason)
    const lock = page.getByRole('region', { name: 'Locked against executed' })
    expect(await lock.textContent()).toContain(String(body.exchange_rate))
    expect(await lock.textContent()).toContain(String(body.executed_rate))

    const ledger = (await call('GET', `/payments/${id}/ledger`)).body
    const entries = page.getByRole('region', { name: 'Ledger entries', exact: true })
    await entries
      .locator('tbody tr')
      .nth(ledger.entries.length - 1)
      .waitFor()
    expect(await entries.locator('tbody tr').count()).toBe(ledger.entries.length)
    expect(await entries.textContent()).toContain(
      ledger.realised.fx_gain_loss < 0 ? 'Lost on the lock' : 'Gained',
    )
    const audit = (await call('GET', `/payments/${id}/audit`)).body
    const rows = page.getByRole('region', { name: 'Audit rows', exact: true })
    await rows
      .locator('tbody tr')
      .nth(audit.entries.length - 1)
      .waitFor()
    expect(await rows.locator('tbody tr').count()).toBe(audit.entries.length)
    await rows.getByText('Raw rows').click()
    expect(JSON.parse((await rows.locator('pre').textContent()) ?? '')).toEqual(audit.entries)
    expect(used.pages.complaints).toEqual([])
  })

  test('a payment that no provider has taken can be cancelled, and then no more', async () => {
    const idle = await startDashboard({ workers: false })
    try {
      const id = await pay('waiting', idle.harness)
      const page = await used.pages.open(`${idle.origin}/#/payments/${id}`)
      await page.getByRole('button', { name: 'Cancel this payment' }).click()
      await page.getByRole('button', { name: 'Yes, cancel it for good' }).click()
      await page.locator('.outcome', { hasText: 'Cancelled' }).waitFor()
      expect(await page.getByRole('button', { name: 'Cancel this payment' }).count()).toBe(0)
      expect((await idle.harness.call('GET', `/payments/${id}`)).body.status).toBe('CANCELLED')
      await page.close()
    } finally {
      await idle.stop()
    }
    expect(used.pages.complaints).toEqual([])
  })

  test('a payment of nobody is not found, in the API’s words', async () => {
    const page = await used.pages.open(
      `${used.service.origin}/#/payments/00000000-0000-7000-8000-000000000000`,
    )
    await page.getByText('There is no payment').waitFor()
    expect(used.pages.complaints.every((text) => text.includes('404'))).toBe(true)
  })

  test('thousands of rows are a few dozen elements, and all of them are reached', async () => {
    const MANY = 3_000
    const original = await pay('original')
    await copyPayment(used.service.harness.database.sql, original, 1, MANY)
    const page = await used.pages.open(`${used.service.origin}/#/payments`)
    await live(page)
    await page.getByLabel('Search').fill('copy ')
    await rowOf(page, `copy ${MANY}`).waitFor()
    const box = page.locator('.virtual')
    while ((await page.locator('.foot').textContent())?.includes('scroll for older ones')) {
      await box.evaluate((element) => element.scrollTo({ top: element.scrollHeight }))
      expect(await box.locator('tr').count()).toBeLessThan(100)
      await page.locator('.foot', { hasNotText: 'loading' }).waitFor()
    }
    await box.evaluate((element) => element.scrollTo({ top: element.scrollHeight }))
    await page.locator('td', { hasText: /^copy 1 →/ }).waitFor()
    expect(await page.locator('.foot').textContent()).toContain('3,000 shown, all there are')
    expect(used.pages.complaints).toEqual([])
  }, 60_000)
})
