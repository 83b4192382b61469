import { type Static, Type } from '@sinclair/typebox'
import type { Charge } from '../price.ts'
import { isSecret } from './token.ts'

const LIVE_URL = 'https://api.cdp.coinbase.com/platform'
const STATUS_URL = 'https://cdpstatus.coinbase.com/api/v2/status.json'
const SANDBOX_HOST = 'sandbox.cdp.coinbase.com'

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

/** The environment variables of this provider; it is in use once its key is set. */
export const coinbaseEnvironment = {
  COINBASE_API_KEY_ID: text('Id of a secret API key of the Coinbase Developer Platform; unset leaves it out'),
  COINBASE_API_KEY_SECRET: text('That key itself: Ed25519 in base64, or P-256 in PEM'),
  COINBASE_ACCOUNT_ID: text('Our account at Coinbase whose USDC pays off-ramps and refunds: account_...'),
  COINBASE_URL: Type.String({
    format: 'http-url',
    default: LIVE_URL,
    description: 'Base URL of its API; https://sandbox.cdp.coinbase.com/platform moves no money',
  }),
  COINBASE_STATUS_URL: Type.String({
    format: 'http-url',
    default: STATUS_URL,
    description: 'Its status page: the full URL of the request',
  }),
  COINBASE_CHARGE_BPS: Type.Integer({
    minimum: 0,
    maximum: 2_000,
    default: 0,
    description: 'Hundredths of a percent that it takes of each operation by our contract',
  }),
  COINBASE_CHARGE_CENTS: Type.Integer({
    minimum: 0,
    maximum: 100_000,
    default: 0,
    description: 'US cents that it takes for each operation by our contract, whatever the amount',
  }),
}

const Settings = Type.Object(coinbaseEnvironment)
type Values = Static<typeof Settings>

export interface CoinbaseSettings {
  apiKeyId: string
  apiKeySecret: string
  /** Pays off-ramps and refunds. */
  accountId: string
  /** Without a slash at its end. */
  baseUrl: string
  statusUrl: string
  charge: Charge
  sandbox: boolean
}

const ACCOUNT = /^account_[0-9a-f-]{36}$/

/** The adapter's settings, null when it is not in use; `problems` are lines for people, one for each bad variable. */
export const coinbaseSettings = (
  values: Values,
): { settings: CoinbaseSettings | null; problems: readonly string[] } => {
  const {
    COINBASE_API_KEY_ID: apiKeyId,
    COINBASE_API_KEY_SECRET: apiKeySecret,
    COINBASE_ACCOUNT_ID: accountId,
  } = values
  if (!apiKeyId && !apiKeySecret && !accountId) return { settings: null, problems: [] }
  const problems = Object.entries({
    COINBASE_API_KEY_ID: apiKeyId ? '' : 'must be set when another setting of Coinbase is',
    COINBASE_API_KEY_SECRET:
      apiKeySecret && isSecret(apiKeySecret) ? '' : 'must be an Ed25519 key in base64, or a P-256 key in PEM',
    COINBASE_ACCOUNT_ID:
      accountId && ACCOUNT.test(accountId) ? '' : 'must be an account of ours: account_...',
  }).flatMap(([name, problem]) => (problem ? [`${name} ${problem}`] : []))
  if (problems.length > 0 || !apiKeyId || !apiKeySecret || !accountId) return { settings: null, problems }
  const baseUrl = values.COINBASE_URL.replace(/\/+$/, '')
  return {
    settings: {
      apiKeyId,
      apiKeySecret,
      accountId,
      baseUrl,
      statusUrl: values.COINBASE_STATUS_URL,
      charge: {
        bps: BigInt(values.COINBASE_CHARGE_BPS),
        flatUsdCents: BigInt(values.COINBASE_CHARGE_CENTS),
      },
      sandbox: new URL(baseUrl).hostname === SANDBOX_HOST,
    },
    problems,
  }
}
