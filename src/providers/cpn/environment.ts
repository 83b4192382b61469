import { Type } from '@sinclair/typebox'
import { optionalText, secret } from '../../core/schema.ts'

const integer = (max: number, value: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: max, default: value, description })

/** The settings of Circle Payments Network. */
export const cpnEnvironment = {
  CPN_API_KEY: secret('Key of Circle Payments Network; unset does without it, TEST_API_KEY:… is its testnet'),
  CPN_BASE_URL: Type.String({
    format: 'http-url',
    default: 'https://api.circle.com',
    description: 'Where Circle Payments Network is asked',
  }),
  CPN_WALLET_KEY: secret('Private key (0x and 64 hex digits) of the wallet that pays its payouts in USDC'),
  CPN_BOOK: optionalText(
    'JSON file with the parties of its payouts: what the travel rule and banks want to know',
  ),
  CPN_AUTHORITIES: optionalText(
    'PEM file with the authorities that may certify its members, as Circle hands it out',
  ),
  CPN_CHAINS: Type.String({
    minLength: 1,
    default: 'ethereum,polygon',
    description: 'Chains that its payouts are paid on, of ethereum and polygon',
  }),
  CPN_CHARGE_BPS: integer(10_000, 0, 'Hundredths of a percent that it costs beside its quotes, by contract'),
  CPN_CHARGE_CENTS: integer(1_000_000, 0, 'US cents that each payout costs beside its quotes, by contract'),
  CPN_MOST_USD: integer(1_000_000_000, 1_000_000, 'US dollars that a payout through it may be worth at most'),
}
