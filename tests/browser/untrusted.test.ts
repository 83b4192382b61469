import { afterAll, describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { hasBrowser } from '../support/browser.ts'
import { startClaudeServer } from '../support/claude-server.ts'
import { askForQuote, pay, useDashboard } from './dashboard.ts'

const ATTACKS = [
  '<img src=x onerror="window.taken=1">',
  '<script>window.taken=1</script>',
  '"><svg onload=window.taken=1>',
  '<a href="javascript:window.taken=1">Pay here</a>',
  "'-window.taken=1-'{{constructor.constructor('window.taken=1')()}}",
]

describe.skipIf(!hasBrowser)('text of others is shown and never run', () => {
  const model = startClaudeServer()
  const used = useDashboard({
    env: { ANTHROPIC_API_KEY: model.key, ANTHROPIC_BASE_URL: model.url },
  })

  afterAll(async () => {
    await model.stop()
  })

  /** Nothing of it became an element, and none of it ran. */
  const harmless = async (page: Page) => {
    expect(await page.evaluate(() => Reflect.get(window, 'taken'))).toBeUndefined()
    expect(await page.locator('main :is(img, script, iframe, svg, [href^="javascript"])').count()).toBe(0)
    expect(used.pages.complaints).toEqual([])
  }

  test('what the model says of its choice, and of the risks, is text to the last bracket', async () => {
    model.say({ reasoning: ATTACKS[0] ?? '', risk_factors: ATTACKS })
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page)
    const advice = page.getByRole('region', { name: 'The fee engine’s advice', exact: true })
    await advice.getByText('Claude chose').waitFor()
    expect(await advice.locator('blockquote').textContent()).toBe(ATTACKS[0] ?? '')
    const said = await advice.locator('.risks li').allTextContents()
    for (const text of said) expect(ATTACKS).toContain(text)
    expect(said.length).toBeGreaterThan(1)
    await harmless(page)
  })

  test('so are the names of accounts, in the list, in the search and on the payment’s page', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    const [payer = '', payee = ''] = ATTACKS
    await askForQuote(page, { payer, payee })
    const id = await pay(page, 'The payee has')
    await page.goto(`${used.service.origin}/#/payments`)
    await page.getByText(`${payer} → ${payee}`).waitFor()
    await page.getByLabel('Search').fill(payer)
    await page.getByText('1 shown, all there are').waitFor()
    await harmless(page)
    await page.goto(`${used.service.origin}/#/payments/${id}`)
    await page.getByText(payee).waitFor()
    await harmless(page)
    await page.goto(`${used.service.origin}/#/payments/${encodeURIComponent(payer)}`)
    await page.getByText('There is no payment').waitFor()
    expect(await page.evaluate(() => Reflect.get(window, 'taken'))).toBeUndefined()
  })
})
