import { beforeEach, describe, expect, test } from 'bun:test'
import { agedCopy } from '../quotes/aged.ts'
import { hasBrowser } from '../support/browser.ts'
import { askForQuote, loseAnswer, pay, payButton, useDashboard } from './dashboard.ts'

describe.skipIf(!hasBrowser)('sending money from the page', () => {
  const used = useDashboard()

  beforeEach(() => {
    used.pages.complaints.length = 0
  })

  const paymentsMade = async () => {
    const [row] = await used.service.harness.database.sql`select count(*)::int as made from payments`
    return row?.made
  }

  test('the quote is shown to the cent, is paid, and the payment is watched to COMPLETED', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page, { amount: '1,000.00' })
    const lines = await page.locator('.quote .lines').textContent()
    for (const shown of ['$1,000.00', '− $21.00', '− $10.50', '− $15.75', '$952.75', '1 USD = 0.92049 EUR'])
      expect(lines).toContain(shown)
    expect(await page.locator('.payout').textContent()).toContain('€876.99')

    const advice = page.getByRole('region', { name: 'The fee engine’s advice' })
    await advice.locator('table').waitFor()
    expect(await advice.locator('tbody tr').count()).toBe(5)
    expect(await advice.textContent()).toContain('The rules chose alone (no key). Confidence 75%')

    const id = await pay(page, 'The payee has €876.99.')
    const states = await page.locator('.timeline strong').allInnerTexts()
    expect(states).toEqual([
      'Pending',
      'On-ramp pending',
      'On-ramp complete',
      'Off-ramp pending',
      'Completed',
    ])
    expect(await page.locator('.legs h3').allInnerTexts()).toEqual(['On-ramp ✓ Done', 'Off-ramp ✓ Done'])
    const { body } = await used.service.harness.call('GET', `/payments/${id}`)
    expect([body.status, body.amount, body.paid_out]).toEqual(['COMPLETED', 100_000, 87_699])
    expect(used.pages.complaints).toEqual([])
  })

  test('the advice can be locked: its fees and its route become the quote’s', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page)
    await page.getByRole('button', { name: 'Quote with this route and these fees' }).click()
    await page.getByText('Route and fees are those of the advice.').waitFor()
    const lines = await page.locator('.quote .lines').textContent()
    for (const shown of ['− $20.00', '− $7.00', '− $5.00', '− $0.00', '$968.00'])
      expect(lines).toContain(shown)
    await pay(page, 'The payee has')
    expect(used.pages.complaints).toEqual([])
  })

  test('when the minute is over the quote cannot be paid, and a new one is offered', async () => {
    const page = await used.pages.open('about:blank')
    await page.clock.install()
    await page.goto(`${used.service.origin}/`)
    await askForQuote(page)
    await page.clock.fastForward(40_000)
    await page.getByText('30 seconds left of the lock').waitFor({ state: 'attached' })
    await page.clock.fastForward(21_000)
    await page.getByText('The lock has ended').waitFor()
    expect(await payButton(page).count()).toBe(0)
    await page.getByRole('button', { name: 'Get a new quote' }).click()
    await payButton(page).waitFor()
    expect(await page.getByRole('timer').textContent()).toMatch(/^[3-6]\d s$/)
    await pay(page, 'The payee has')
    expect(used.pages.complaints).toEqual([])
  })

  test('a quote that has expired by the database’s clock is not paid, whatever the page’s clock says', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await page.route(
      '**/quotes',
      async (route) => {
        const quote = await (await route.fetch()).json()
        const quote_id = await agedCopy(used.service.harness.database.sql, quote.quote_id, 1)
        await route.fulfill({ json: { ...quote, quote_id } })
      },
      { times: 1 },
    )
    await askForQuote(page)
    await payButton(page).click()
    await page.getByText('nothing was paid').waitFor()
    await page.getByRole('button', { name: 'Get a new quote' }).click()
    await pay(page, 'The payee has')
    expect(used.pages.complaints).toEqual([expect.stringContaining('400 (Bad Request)')])
  })

  test('a payment that fails says so, and why, with what each provider answered', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page, { payer: 'refuse_onramp' })
    const id = await pay(page, 'Failed')
    const { body } = await used.service.harness.call('GET', `/payments/${id}`)
    expect(await page.locator('.outcome').textContent()).toContain(body.failure_reason)
    expect(await page.locator('.legs > li').count()).toBe(body.legs.length)
    expect(await page.locator('.legs').textContent()).toContain(body.legs[0].reason)
    expect(await page.locator('.timeline strong').allInnerTexts()).toEqual(['Pending', 'Failed'])
    expect(used.pages.complaints).toEqual([])
  })

  test('an answer that was lost is asked for again under the same key: one payment, and the page says so', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page)
    const before = await paymentsMade()
    await loseAnswer(page)
    await payButton(page).click()
    await page.getByText('a quote is never paid twice').waitFor()
    await pay(page, 'The payee has')
    expect(await paymentsMade()).toBe(before + 1)
    expect(used.pages.complaints).toEqual([expect.stringContaining('ERR_CONNECTION_RESET')])
  })

  test('an amount is read as the reader writes it, and a wrong one is refused before anything is asked', async () => {
    const page = await used.pages.open(`${used.service.origin}/`, { locale: 'de-DE' })
    await page.getByLabel('You send').fill('1.000,50')
    await page.getByRole('button', { name: 'Get a quote' }).click()
    await page.locator('.quote .lines', { hasText: '1.000,50' }).waitFor()
    for (const other of ['1000.50', '1.5', '1,000.50']) {
      await page.getByLabel('You send').fill(other)
      expect(await page.locator('#amount-problem').textContent()).toContain('Write an amount such as')
    }
    await page.getByLabel('You send').fill('1,5')
    await page.getByLabel('From').selectOption('JPY')
    expect(await page.locator('#amount-problem').textContent()).toBe('JPY has no decimals')
    await page.getByLabel('You send').fill('abc')
    expect(await page.locator('#amount-problem').textContent()).toContain('Write an amount such as')
    expect(await page.getByRole('button', { name: 'Get a quote' }).isDisabled()).toBe(true)
    expect(used.pages.complaints).toEqual([])
  })

  test('while an answer is lost nothing says that nothing was paid, also past the minute, and nothing else begins', async () => {
    const page = await used.pages.open('about:blank')
    await page.clock.install()
    await page.goto(`${used.service.origin}/`)
    await askForQuote(page)
    const before = await paymentsMade()
    await loseAnswer(page)
    await payButton(page).click()
    await page.getByText('a quote is never paid twice').waitFor()
    await page.clock.fastForward(61_000)
    await page.getByText('The lock has ended').waitFor()
    expect(await page.getByText('nothing was paid').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Get a new quote' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Get a quote' }).isDisabled()).toBe(true)
    expect(await page.getByLabel('Payee’s account').isDisabled()).toBe(true)
    await pay(page, 'The payee has')
    expect(await paymentsMade()).toBe(before + 1)
  })

  test('an answer that never comes is not waited for: what became of the payment is asked for again', async () => {
    const page = await used.pages.open('about:blank')
    await page.clock.install()
    await page.goto(`${used.service.origin}/`)
    await askForQuote(page)
    const never = Promise.withResolvers<void>()
    await page.route('**/payments', () => never.promise, { times: 1 })
    await payButton(page).click()
    await page.getByText('Paying $1,000.00').waitFor()
    await page.clock.fastForward(21_000)
    await page.getByText('a quote is never paid twice').waitFor()
    await pay(page, 'The payee has')
    never.resolve()
  })

  test('what was refused for good is put right in the form, and then paid', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page, { payee: 'merchant\u200b456' })
    await payButton(page).click()
    await page.getByRole('alert', { name: '' }).filter({ hasText: 'destination_account' }).waitFor()
    await page.getByLabel('Payee’s account').fill('merchant789')
    await page.getByRole('button', { name: 'Pay $1,000.00 from user123 to merchant789' }).click()
    await page.locator('.outcome', { hasText: 'The payee has' }).waitFor()
  })

  test('what becomes of one quote is never shown on another: while it is paid no other is asked for', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page)
    const answer = Promise.withResolvers<void>()
    await page.route('**/payments', async (route) => {
      await answer.promise
      await route.continue()
    })
    await payButton(page).click()
    expect(await page.getByRole('button', { name: 'Get a quote' }).isDisabled()).toBe(true)
    const advice = page.getByRole('button', { name: 'Quote with this route and these fees' })
    expect(await advice.isDisabled()).toBe(true)
    answer.resolve()
    await page.locator('.outcome', { hasText: 'The payee has' }).waitFor()
  })

  test('a quote is not paid once the form is about other money, and the button says what it pays and to whom', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page, { payer: 'Ada', payee: 'Grace' })
    expect(await payButton(page).textContent()).toBe('Pay $1,000.00 from Ada to Grace')
    await page.getByLabel('You send').fill('2000')
    await page.getByText('The form says something else by now').waitFor()
    expect(await payButton(page).count()).toBe(0)
    await page.getByRole('button', { name: 'Get a new quote' }).click()
    await page.locator('.quote .lines', { hasText: '$2,000.00' }).waitFor()
    await page.getByLabel('Payee’s account').fill('Ada')
    await page.getByText('Payer and payee must differ').waitFor()
    expect(await payButton(page).isDisabled()).toBe(true)
    await page.getByLabel('Payee’s account').fill('Grace')
    await pay(page, 'The payee has')
    expect(used.pages.complaints).toEqual([])
  })

  test('limits are told as amounts, in the currency that was asked about', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await page.getByLabel('You send').fill('900,000,000')
    await page.getByRole('button', { name: 'Get a quote' }).click()
    const problem = page.getByRole('alert')
    await problem.waitFor()
    expect(await problem.textContent()).toContain('must be at most $10,000,000.00')
  })

  test('nothing is asked of any other host', () => {
    expect(used.pages.requests.length).toBeGreaterThan(10)
    expect(used.pages.requests.filter((url) => !url.startsWith(used.service.origin))).toEqual([])
  })
})
