import { type Static, Type } from '@sinclair/typebox'
import type { Charge } from '../price.ts'
import { coinbaseEnvironment } from './environment.ts'
import { isSecret } from './token.ts'

const SANDBOX_HOST = 'sandbox.cdp.coinbase.com'

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
