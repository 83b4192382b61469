import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { hasBrowser } from '../support/browser.ts'
import { askForQuote, pay, useDashboard } from './dashboard.ts'

describe.skipIf(!hasBrowser)('webhooks on the page', () => {
  const used = useDashboard()
  const got: { id: string; type: string }[] = []
  const receiver = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      got.push({ id: request.headers.get('webhook-id') ?? '', type: (await request.json()).type })
      return new Response(null)
    },
  })

  afterAll(async () => {
    await receiver.stop(true)
  })
  beforeEach(() => {
    used.pages.complaints.length = 0
  })

  test('an endpoint is added, its secret is shown once, and a test event reaches it', async () => {
    const page = await used.pages.open(`${used.service.origin}/#/webhooks`)
    await page.getByText('No endpoint yet').waitFor()
    await page.getByLabel('New endpoint').fill(`http://127.0.0.1:${receiver.port}/hooks`)
    await page.getByRole('button', { name: 'Add' }).click()
    const secret = await page.locator('.state code').first().textContent()
    expect(secret).toStartWith('whsec_')
    await page.getByRole('button', { name: 'I have it' }).click()
    await page.getByRole('button', { name: /^Send a test/ }).click()
    const deliveries = page.getByRole('region', { name: 'The newest deliveries', exact: true })
    await deliveries.locator('.badge', { hasText: 'Delivered' }).waitFor()
    expect(got.length).toBe(1)
    expect(await page.content()).not.toContain(secret ?? '?')
    expect(used.pages.complaints).toEqual([])
  })

  test('a payment’s event is delivered once more, under the id that its receiver knows', async () => {
    const page = await used.pages.open(`${used.service.origin}/`)
    await askForQuote(page)
    const id = await pay(page, 'The payee has')
    await page.getByRole('link', { name: 'All about it' }).click()
    const deliveries = page.getByRole('region', { name: 'Webhook deliveries', exact: true })
    await deliveries.getByText('payment.completed').first().waitFor()
    const before = got.filter(({ type }) => type === 'payment.completed')
    await deliveries.getByRole('button', { name: /^Redeliver payment\.completed/ }).click()
    await deliveries
      .locator('tr', { hasText: 'payment.completed, again' })
      .locator('.badge', { hasText: 'Delivered' })
      .waitFor()
    const after = got.filter(({ type }) => type === 'payment.completed')
    expect(after.map((each) => each.id)).toEqual([...before, ...before].map((each) => each.id))
    const { body } = await used.service.harness.call('GET', `/webhooks/deliveries?payment_id=${id}`)
    expect(await deliveries.locator('tbody tr').count()).toBe(body.data.length)
    expect(used.pages.complaints).toEqual([])
  })

  test('dead letters are taken up again by hand, and are gone once they have arrived', async () => {
    await used.service.harness.database
      .sql`update webhook_deliveries set status = 'dead', delivered_at = null`
    const page = await used.pages.open(`${used.service.origin}/#/webhooks`)
    const dead = page.getByRole('region', { name: 'Dead letters', exact: true })
    await dead.locator('tbody tr').first().waitFor()
    const many = await dead.locator('tbody tr').count()
    await dead
      .getByRole('button', { name: /^Redrive payment/ })
      .first()
      .click()
    await dead.getByText('1 on their way again').waitFor()
    await dead.getByRole('button', { name: 'Redrive all' }).click()
    await dead.getByText(`${many - 1} on their way again`).waitFor()
    await dead.getByText('Nothing was given up').waitFor()
    expect(used.pages.complaints).toEqual([])
  })

  test('what an address may not be is said in the API’s words', async () => {
    const page = await used.pages.open(`${used.service.origin}/#/webhooks`)
    await page.getByLabel('New endpoint').fill('ftp://example.com/')
    await page.getByRole('button', { name: 'Add' }).click()
    const problem = page.getByRole('alert')
    await problem.waitFor()
    expect(await problem.textContent()).toContain('url')
  })
})
