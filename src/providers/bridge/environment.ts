import { Type } from '@sinclair/typebox'
import { oneOf, optionalText, secret } from '../../core/schema.ts'

const cents = (value: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 10 ** 12, default: value, description })

/** The environment variables of Bridge. */
export const bridgeEnvironment = {
  BRIDGE_API_KEY: secret('Key for Bridge (sk-test-… or sk-live-…); unset leaves Bridge out'),
  BRIDGE_URL: Type.String({
    format: 'http-url',
    default: 'https://api.bridge.xyz/v0',
    description: 'Where Bridge is asked, its version included',
  }),
  BRIDGE_WEBHOOK_PUBLIC_KEY: secret(
    'Public key in PEM (\\n for line ends) of the webhook endpoint at Bridge; unset takes no events from it',
  ),
  BRIDGE_STATUS_URL: Type.Optional(
    Type.String({
      format: 'http-url',
      description:
        'Full URL of a status.json of Bridge in the format of Statuspage; unset leaves its health unknown',
    }),
  ),
  BRIDGE_USD_DEPOSIT_RAIL: oneOf(['ach_push', 'wire'], {
    default: 'wire',
    description: 'How payers send dollars to Bridge',
  }),
  BRIDGE_FIXED_OUTPUTS: oneOf(['on', 'off'], {
    default: 'off',
    description: 'on once Bridge has enabled fixed outputs; without them it makes no payouts and no refunds',
  }),
  BRIDGE_WALLET_ID: optionalText('The Bridge wallet whose USDC pays for payouts and refunds'),
  BRIDGE_USD_PAYOUT_RAIL: oneOf(['ach', 'ach_same_day', 'wire'], {
    default: 'wire',
    description: 'How Bridge pays out dollars',
  }),
  BRIDGE_FEE_BPS: Type.Integer({
    minimum: 0,
    maximum: 2_000,
    default: 0,
    description: 'Hundredths of a percent of each leg that Bridge invoices by contract',
  }),
  BRIDGE_FEE_USD_CENTS: cents(0, 'US cents for each leg that Bridge invoices by contract'),
  BRIDGE_LEAST_USD_CENTS: cents(100, 'Least that one leg through Bridge may be worth, in US cents'),
  BRIDGE_MOST_USD_CENTS: cents(100_000_000, 'Most that one leg through Bridge may be worth, in US cents'),
}
