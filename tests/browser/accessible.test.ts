import { describe, expect, test } from 'bun:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { hasBrowser } from '../support/browser.ts'
import { askForQuote, barriers, pay, payButton, useDashboard } from './dashboard.ts'

const LOOKS: [string, BrowserContextOptions][] = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['on a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
]

const TITLES = {
  payments: 'Payments',
  treasury: 'Treasury',
  market: 'Market',
  webhooks: 'Webhooks',
  queues: 'Queues',
  claude: 'Claude',
  nowhere: 'Not found',
}

/** Nothing is loading any more. */
const settled = (page: Page) => page.waitForFunction(() => document.querySelector('.spinner') === null)

/** Whether something on the page stands out of what it is looked at through, but for what scrolls by itself. */
const overflows = (page: Page) =>
  page.evaluate(
    (width) =>
      [...document.querySelectorAll('main *, header *')]
        .filter((element) => !element.closest('.scroll, nav, .only-heard, pre'))
        .some((element) => element.getBoundingClientRect().right > width + 1),
    page.viewportSize()?.width ?? 0,
  )

describe.skipIf(!hasBrowser)('everybody can use the page', () => {
  const used = useDashboard()

  test.each(LOOKS)(
    'sending money has no barrier, before the quote, with it, and after it: %s',
    async (_look, options) => {
      const page = await used.pages.open(`${used.service.origin}/`, options)
      expect(await barriers(page)).toEqual([])
      await askForQuote(page)
      await page.getByRole('button', { name: 'Quote with this route and these fees' }).waitFor()
      expect([await barriers(page), await overflows(page)]).toEqual([[], false])
      const id = await pay(page, 'The payee has')
      expect(await barriers(page)).toEqual([])
      expect(await overflows(page)).toBe(false)
      await page.goto(`${used.service.origin}/#/payments/${id}`)
      await page.getByText('Locked rate').waitFor()
      await settled(page)
      expect(await barriers(page)).toEqual([])
      expect(await overflows(page)).toBe(false)
    },
  )

  test.each(LOOKS)('no other page has one: %s', async (_look, options) => {
    const page = await used.pages.open(`${used.service.origin}/`, options)
    for (const [name, title] of Object.entries(TITLES)) {
      await page.goto(`${used.service.origin}/#/${name}`)
      await page.getByRole('heading', { level: 1, name: title }).waitFor()
      await settled(page)
      expect([name, await barriers(page), await overflows(page)]).toEqual([name, [], false])
    }
  })

  test('money is sent with the keyboard alone', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await page.getByLabel('You send').focus()
    await page.keyboard.press('Enter')
    const button = payButton(page)
    await button.waitFor()
    const focused = () => page.evaluate(() => document.activeElement?.textContent)
    for (let presses = 0; !(await focused())?.startsWith('Pay ') && presses < 20; presses++)
      await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('.outcome', { hasText: 'The payee has' }).waitFor()
  })

  test('the focus goes on where a control went away with what it did', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page)
    await pay(page, 'The payee has')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('The payment')
  })

  test('whoever follows a link hears where they have come to', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await page.getByRole('link', { name: 'Market' }).click()
    await page.waitForFunction(() => document.title === 'Market · Ratelock')
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
  })

  test('nothing of all this made the browser complain', () => {
    expect(used.pages.complaints).toEqual([])
  })
})
