import { Type } from '@sinclair/typebox'
import { optionalText, secret } from '../../core/schema.ts'

const LIVE_URL = 'https://api.cdp.coinbase.com/platform'
const STATUS_URL = 'https://cdpstatus.coinbase.com/api/v2/status.json'

/** The environment variables of this provider; it is in use once its key is set. */
export const coinbaseEnvironment = {
  COINBASE_API_KEY_ID: optionalText(
    'Id of a secret API key of the Coinbase Developer Platform; unset leaves it out',
  ),
  COINBASE_API_KEY_SECRET: secret('That key itself: Ed25519 in base64, or P-256 in PEM'),
  COINBASE_ACCOUNT_ID: optionalText(
    'Our account at Coinbase whose USDC pays off-ramps and refunds: account_...',
  ),
  COINBASE_WEBHOOK_SECRET: secret(
    'Secret of the webhook subscription at Coinbase; unset takes no events from it',
  ),
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
