import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { importSPKI } from 'jose'
import { systemClock } from '../../src/core/clock.ts'
import { derivedUuid } from '../../src/core/ids.ts'
import { createLinks } from '../../src/providers/links.ts'
import { onMarket } from '../fees/program.ts'
import { drive, ended, expectSound, pathOf, statusOf, turn, until } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { startMarketServer } from '../support/market-server.ts'
import { startBridgeServer, WALLET_ID } from './bridge/server.ts'
import { ed25519, OUR_ACCOUNT, WALLET } from './coinbase/harness.ts'
import { startCoinbaseServer } from './coinbase/server.ts'

const LIVE_KEY = 'sk-live-0123456789'
const KEY_ID = 'organizations/8f1c/apiKeys/77aa'
const ALICE_ACCOUNT = 'account_22222222-2222-4222-8222-222222222222'
const ALICE_BANK = 'paymentMethod_33333333-3333-4333-8333-333333333333'

/** The program with two providers on local servers and a market that answers; nothing of it knows that it is a test. */
const start = async () => {
  const market = startMarketServer()
  const bridge = await startBridgeServer(systemClock.now, LIVE_KEY)
  const key = ed25519()
  const publicKey = await importSPKI(key.spki, key.alg)
  const coinbase = await startCoinbaseServer({ clock: systemClock, publicKey, alg: key.alg, keyId: KEY_ID })
  const signing = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const harness = await startHarness({
    env: {
      ...onMarket(market),
      PROVIDERS: 'coinbase,bridge',
      SETTLEMENT_WALLETS: `base:${WALLET}`,
      PROVIDER_DEADLINE_MS: '5000',
      POLL_FIRST_SECONDS: '3600',
      SANDBOX_TIME_SCALE: '1',
      COINBASE_API_KEY_ID: KEY_ID,
      COINBASE_API_KEY_SECRET: key.secret,
      COINBASE_ACCOUNT_ID: OUR_ACCOUNT,
      COINBASE_URL: `${coinbase.url}/platform`,
      COINBASE_STATUS_URL: `${coinbase.url}/status.json`,
      // Coinbase is told from its sandbox by the host, so here both count as moving money.
      BRIDGE_API_KEY: LIVE_KEY,
      BRIDGE_URL: bridge.url,
      BRIDGE_FIXED_OUTPUTS: 'on',
      BRIDGE_WALLET_ID: WALLET_ID,
      BRIDGE_WEBHOOK_PUBLIC_KEY: signing.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
  })
  const links = createLinks(harness.database)
  const link = (provider: string, name: string, reference: string) =>
    links.link({ accountId: 'demo', provider, name, reference, shared: false })
  await link('coinbase', 'alice', `${ALICE_ACCOUNT}+${ALICE_BANK}`)
  await harness.services.market.refreshDue()
  await harness.services.freshness.refresh()

  /** Makes somebody known to Bridge as a customer with a bank account there. */
  const enrol = async (name: string, currency: string, refusal?: { status: number; body: unknown }) => {
    const [customer, account] = [crypto.randomUUID(), crypto.randomUUID()]
    bridge.customers.set(customer, { accounts: { [account]: currency }, ...(refusal ? { refusal } : {}) })
    await link('bridge', name, `${customer}/${account}`)
  }

  return {
    harness,
    bridge,
    coinbase,
    enrol,
    /** A message as Bridge signs it: RSA over the digest of time and body. */
    event: (body: string) => {
      const at = Date.now()
      const digest = createHash('sha256').update(`${at}.${body}`).digest()
      const signature = sign('sha256', digest, signing.privateKey).toString('base64')
      return { body, headers: { 'x-webhook-signature': `t=${at},v0=${signature}` } }
    },
    stop: async () => {
      await harness.stop()
      await Promise.all([bridge.wire.stop(), coinbase.stop(), market.stop()])
    },
  }
}

describe('the whole program on real adapters', () => {
  let world: Awaited<ReturnType<typeof start>>
  let harness: Harness
  beforeAll(async () => {
    world = await start()
    harness = world.harness
    await world.enrol('shop', 'eur')
    await world.enrol('closed_shop', 'eur', {
      status: 400,
      body: { code: 'invalid_parameters', message: 'no' },
    })
    // Alice is known to both, so either may take her dollars.
    await world.enrol('alice', 'usd')
  })
  afterAll(() => world.stop())

  const payTo = async (shop: string) => {
    const wish = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }
    const quote = (await harness.call('POST', '/quotes', wish)).body
    const { status, body } = await harness.call('POST', '/payments', {
      amount: 100_000,
      currency: 'EUR',
      source_account: 'alice',
      destination_account: shop,
      quote_id: quote.quote_id,
    })
    expect([quote.error, status]).toEqual([undefined, 202])
    return { quote, id: body.payment_id as string }
  }
  const shown = async (id: string) => (await harness.call('GET', `/payments/${id}`)).body

  test('a payment goes in at one provider and out at another, and the payee gets exactly what was quoted', async () => {
    const { quote, id } = await payTo('shop')
    expect(quote.route).toEqual({ chain: 'base', onramp: 'coinbase', offramp: 'bridge' })
    expect(quote.rate_source).toBe('live')
    await turn(harness)
    world.coinbase.settle()
    for (let step = 0; step < 2; step++) await turn(harness)
    expect(await statusOf(harness, id)).toBe('OFFRAMP_PENDING')
    world.bridge.settle()
    await drive(harness, [id])
    const payment = await shown(id)
    expect(payment).toMatchObject({ status: 'COMPLETED', paid_out: quote.guaranteed_payout })
    const [transfer] = world.bridge.transfers
    expect(transfer?.destination.amount).toBe((quote.guaranteed_payout / 100).toFixed(2))
    expect(payment.usdc.spent).toBe(Math.round(Number(transfer?.receipt.initial_amount) * 1e6))
    await expectSound(harness, id)
  })

  test('a provider’s own message ends the wait for the next poll, an hour away', async () => {
    const { id } = await payTo('shop')
    await turn(harness)
    world.coinbase.settle()
    for (let step = 0; step < 2; step++) await turn(harness)
    world.bridge.settle()
    const due = async () => {
      const [job] = await harness.database.sql<{ due: boolean }[]>`
        select start_after <= now() as due from pgboss.job where singleton_key = ${id} and state = 'created'`
      return job?.due
    }
    expect(await due()).toBe(false)
    const [transfer] = world.bridge.transfers
    const { body, headers } = world.event(
      JSON.stringify({ event_id: 'evt_1', event_object_id: transfer?.id, event_object: {} }),
    )
    expect((await harness.call('POST', '/providers/bridge/events', body, headers)).status).toBe(200)
    expect(await due()).toBe(true)
    const altered = body.replace('evt_1', 'evt_2')
    expect((await harness.call('POST', '/providers/bridge/events', altered, headers)).status).toBe(401)
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('COMPLETED')
  })

  test('when the only off-ramp refuses the payee, the payer has the money back from the on-ramp', async () => {
    const { id } = await payTo('closed_shop')
    for (let step = 0; step < 12 && !(await ended(harness, [id])()); step++) {
      await turn(harness)
      world.coinbase.settle()
    }
    expect(await pathOf(harness, id)).toEqual([
      'PENDING',
      'ONRAMP_PENDING',
      'ONRAMP_COMPLETE',
      'REFUND_PENDING',
      'REFUNDED',
    ])
    expect(await shown(id)).toMatchObject({ status: 'REFUNDED', refunded: 100_000 })
    await expectSound(harness, id)
  })

  test('when the first on-ramp has no money for it, the second carries it out, once', async () => {
    const { id } = await payTo('shop')
    world.coinbase.refusedQuotes.set(derivedUuid(id, 'onramp', 1), 'insufficient_liquidity')
    await turn(harness)
    await turn(harness)
    const after = await shown(id)
    expect(
      after.legs.map((leg: { provider: string; status: string }) => `${leg.provider} ${leg.status}`),
    ).toEqual(['coinbase refused', 'bridge accepted'])
    expect(after.legs[1].instructions.deposit_message).toStartWith('BVI7')
    world.bridge.settle()
    await until(async () => {
      await turn(harness)
      world.bridge.settle()
      return ended(harness, [id])()
    })
    expect(await statusOf(harness, id)).toBe('COMPLETED')
    await expectSound(harness, id)
  })

  test('when the first on-ramp is down, the second carries it out', async () => {
    const { quote, id } = await payTo('shop')
    expect(quote.route.onramp).toBe('coinbase')
    await world.coinbase.stop()
    await until(async () => {
      await turn(harness)
      world.bridge.settle()
      return ended(harness, [id])()
    })
    const { status, legs } = await shown(id)
    expect(status).toBe('COMPLETED')
    expect(legs[0]).toMatchObject({ provider: 'coinbase', status: 'refused', refusal: 'temporary' })
    await expectSound(harness, id)
    await world.coinbase.restart()
  })

  test('what the providers have agrees with what we have, and nobody broke a provider’s rules', async () => {
    const { findings } = await harness.services.reconcile.run(2)
    expect(findings).toEqual([])
    expect(world.bridge.wire.violations).toEqual([])
    expect(world.coinbase.violations).toEqual([])
  })
})
