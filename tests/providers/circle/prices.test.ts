import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { parseRate } from '../../../src/core/rate.ts'
import type { CircleSettings } from '../../../src/providers/circle/settings.ts'
import type { Ask } from '../../../src/providers/port.ts'
import { type Setup, setup } from './harness.ts'

const never = new AbortController().signal

const open: Setup[] = []
const started = async (change: Partial<CircleSettings> = {}): Promise<Setup> => {
  const made = await setup(change)
  open.push(made)
  return made
}
let it: Setup
beforeEach(async () => {
  it = await started()
})
afterEach(async () => {
  for (const made of open.splice(0)) {
    expect(made.server.violations).toEqual([])
    await made.close()
  }
})

const ask = (leg: Ask['leg'], currency: Ask['currency'], usdCents = 100_000n): Ask => ({
  leg,
  currency,
  chain: 'base',
  fiatPerUsd: parseRate('0.92049'),
  usdCents,
})
const ASKS = [ask('onramp', 'USD'), ask('offramp', 'USD'), ask('offramp', 'EUR')]
const quotes = ({ provider }: Setup) => ASKS.map((each) => provider.quote(each))
const ONE = parseRate('1')

describe('quotes', () => {
  test('are one to one in dollars, and in euros as Circle last quoted; nothing else is quoted', async () => {
    expect(quotes(it)).toEqual([null, null, null])
    await it.provider.refresh(never)
    expect(quotes(it)).toEqual([ONE, ONE, parseRate('0.8741')])
    expect(it.provider.quote(ask('onramp', 'EUR'))).toBeNull()
    expect(it.provider.quote(ask('offramp', 'GBP'))).toBeNull()
    expect(it.server.trades).toEqual([])
  })

  test('hold for a minute, and no longer', async () => {
    await it.provider.refresh(never)
    const before = quotes(it)
    it.clock.nowMs += 60_000
    expect(quotes(it)).toEqual(before)
    it.clock.nowMs += 1
    expect(quotes(it)).toEqual([null, null, null])
  })

  test('follow the market with each refresh', async () => {
    await it.provider.refresh(never)
    it.server.play.rate = 8_800n
    it.clock.nowMs += 1
    await it.provider.refresh(never)
    expect(quotes(it)[2]).toBe(parseRate('0.88'))
  })

  test('have the charges of our contract in them, those of each direction', async () => {
    const charges = {
      onramp: { bps: 10n, flatUsdCents: 0n },
      offramp: { bps: 0n, flatUsdCents: 2_500n },
    }
    const charged = await started({ charges })
    await charged.provider.refresh(never)
    expect(quotes(charged)).toEqual([parseRate('0.999'), parseRate('0.975'), parseRate('0.8522475')])
    expect(charged.provider.quote(ask('offramp', 'USD', 2_500n))).toBeNull()
  })

  test('are of dollars alone while Circle does not exchange for us', async () => {
    const plain = await started({ exchange: false })
    await plain.provider.refresh(never)
    expect(quotes(plain)).toEqual([ONE, ONE, null])
    expect(plain.provider.capabilities.offramp?.currencies).toEqual(['USD'])
    const { operation } = await plain.linked('offramp', { currency: 'EUR' })
    expect(await plain.provider.initiate(operation, never)).toMatchObject({
      kind: 'refused',
      reason: 'route',
    })
  })

  test('live on for their minute when a refresh fails, which says so', async () => {
    await it.provider.refresh(never)
    const before = quotes(it)
    void it.server.arm('server_error', ({ path }) => path === '/ping')
    expect(it.provider.refresh(never)).rejects.toThrow('circle')
    it.server.play.refusing.set('quote', { status: 403, code: 3 })
    it.clock.nowMs += 1
    expect(it.provider.refresh(never)).rejects.toThrow('code 3')
    expect(quotes(it)).toEqual(before)
  })
})

describe('health', () => {
  const component = (name: string, status: string, group = false) => ({ id: name, name, status, group })
  const operational = [component('Circle Mint API', 'operational'), component('Wires', 'operational')]

  test.each<[string, object, string]>([
    ['all is well', { components: operational }, 'operational'],
    [
      'payouts are slow',
      { components: [...operational, component('Payouts', 'degraded_performance')] },
      'degraded',
    ],
    ['some wires fail', { components: [...operational, component('Wires', 'partial_outage')] }, 'degraded'],
    ['SEPA is down', { components: [...operational, component('SEPA', 'major_outage')] }, 'outage'],
    [
      'Mint is maintained',
      { components: [...operational, component('Mint', 'under_maintenance')] },
      'outage',
    ],
    ['it has a new word', { components: [...operational, component('Payouts', 'on_fire')] }, 'unknown'],
    [
      'another product is down',
      { components: [...operational, component('CCTP', 'major_outage')] },
      'operational',
    ],
    [
      'the sandbox is down',
      { components: [...operational, component('Sandbox payouts', 'major_outage')] },
      'operational',
    ],
    [
      'a group repeats it',
      { components: [...operational, component('Payouts', 'major_outage', true)] },
      'operational',
    ],
    ['nothing of ours is named', { components: [], status: { indicator: 'major' } }, 'degraded'],
    ['nothing of ours is named in an outage', { status: { indicator: 'critical' } }, 'outage'],
    ['nothing is named at all', { status: { indicator: 'constructor' } }, 'unknown'],
  ])('is what the status page says: %s', async (_, page, expected) => {
    it.server.play.statusPage = page
    await it.provider.refresh(never)
    expect(it.provider.health()).toBe(expected as 'unknown')
  })

  test('is unknown before the page was read, once it is old, and without a page', async () => {
    expect(it.provider.health()).toBe('unknown')
    await it.provider.refresh(never)
    expect(it.provider.health()).toBe('operational')
    it.clock.nowMs += 300_001
    expect(it.provider.health()).toBe('unknown')
    const without = await started({ statusUrl: null })
    await without.provider.refresh(never)
    expect(without.provider.health()).toBe('unknown')
    expect(without.server.received.some(({ path }) => path.startsWith('/status'))).toBe(false)
  })

  test('is an outage while the API does not answer, whatever the page says, and no longer', async () => {
    void it.server.arm('server_error', ({ path }) => path === '/ping')
    expect(it.provider.refresh(never)).rejects.toThrow('circle')
    expect(it.provider.health()).toBe('outage')
    await it.provider.refresh(never)
    expect(it.provider.health()).toBe('operational')
  })

  test('never shows our key to the status page', async () => {
    await it.provider.refresh(never)
    const [asked] = it.server.received.filter(({ path }) => path.startsWith('/status'))
    expect(asked?.headers.authorization).toBeUndefined()
  })
})
