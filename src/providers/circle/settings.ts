import { type Static, Type } from '@sinclair/typebox'
import type { Charge } from '../price.ts'
import { circleEnvironment } from './environment.ts'

const LIVE_URL = 'https://api.circle.com'
const SANDBOX_URL = 'https://api-sandbox.circle.com'

const Environment = Type.Object(circleEnvironment)

/** CIRCLE_STATUS_URL belongs to the market data; `off` asks nobody here either. */
type Values = Static<typeof Environment> & { CIRCLE_STATUS_URL: string }

export interface CircleSettings {
  apiKey: string
  /** Without a slash at its end. */
  baseUrl: string
  /** The full URL of a request; null asks no status page. */
  statusUrl: string | null
  sandbox: boolean
  /** Whether Circle exchanges USDC for EURC for us, so that euros can be paid out. */
  exchange: boolean
  charges: Readonly<Record<'onramp' | 'offramp', Charge>>
  mostUsdCents: bigint
}

const KEY = /^(TEST|LIVE)_API_KEY:[^:\s]+:[^:\s]+$/

const charge = (bps: number, cents: number): Charge => ({ bps: BigInt(bps), flatUsdCents: BigInt(cents) })

/** The adapter's settings, null when it is not in use; `problems` are lines for people, one for each bad variable. */
export const circleSettings = (
  values: Values,
): { settings: CircleSettings | null; problems: readonly string[] } => {
  const { CIRCLE_API_KEY: apiKey, CIRCLE_URL: url, CIRCLE_EXCHANGE: exchange } = values
  if (!apiKey) {
    const needless = [...(url ? ['CIRCLE_URL'] : []), ...(exchange === 'on' ? ['CIRCLE_EXCHANGE=on'] : [])]
    return { settings: null, problems: needless.map((name) => `${name} needs CIRCLE_API_KEY`) }
  }
  const [, kind] = KEY.exec(apiKey) ?? []
  if (!kind)
    return {
      settings: null,
      problems: ['CIRCLE_API_KEY must be TEST_API_KEY:<id>:<secret> or LIVE_API_KEY:<id>:<secret>'],
    }
  const sandbox = kind === 'TEST'
  const baseUrl = (url ?? (sandbox ? SANDBOX_URL : LIVE_URL)).replace(/\/+$/, '')
  if (baseUrl === (sandbox ? LIVE_URL : SANDBOX_URL))
    return { settings: null, problems: [`CIRCLE_URL does not take a ${kind}_API_KEY`] }
  return {
    settings: {
      apiKey,
      baseUrl,
      statusUrl: values.CIRCLE_STATUS_URL === 'off' ? null : values.CIRCLE_STATUS_URL,
      sandbox,
      exchange: exchange === 'on',
      charges: {
        onramp: charge(values.CIRCLE_ONRAMP_CHARGE_BPS, values.CIRCLE_ONRAMP_CHARGE_CENTS),
        offramp: charge(values.CIRCLE_OFFRAMP_CHARGE_BPS, values.CIRCLE_OFFRAMP_CHARGE_CENTS),
      },
      mostUsdCents: BigInt(values.CIRCLE_MOST_USD_CENTS),
    },
    problems: [],
  }
}
