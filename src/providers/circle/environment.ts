import { Type } from '@sinclair/typebox'
import { oneOf, secret } from '../../core/schema.ts'

const chargeBps = (leg: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 2_000,
    default: 0,
    description: `Hundredths of a percent that Circle takes of ${leg} by our contract`,
  })

const chargeCents = (leg: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 100_000,
    default: 0,
    description: `US cents that Circle takes for ${leg} by our contract, whatever the amount`,
  })

/** The environment variables of Circle Mint; it is in use once its key is set. */
export const circleEnvironment = {
  CIRCLE_API_KEY: secret('Key of Circle Mint (TEST_API_KEY:… or LIVE_API_KEY:…); unset leaves it out'),
  CIRCLE_URL: Type.Optional(
    Type.String({
      format: 'http-url',
      description: 'Base URL of Circle’s API, unless the usual one for the kind of CIRCLE_API_KEY',
    }),
  ),
  CIRCLE_EXCHANGE: oneOf(['on', 'off'], {
    default: 'off',
    description:
      'on once Circle has activated the exchange of USDC for EURC; without it no euros are paid out',
  }),
  CIRCLE_ONRAMP_CHARGE_BPS: chargeBps('an on-ramp'),
  CIRCLE_ONRAMP_CHARGE_CENTS: chargeCents('an on-ramp'),
  CIRCLE_OFFRAMP_CHARGE_BPS: chargeBps('an off-ramp'),
  CIRCLE_OFFRAMP_CHARGE_CENTS: chargeCents('an off-ramp'),
  CIRCLE_MOST_USD_CENTS: Type.Integer({
    minimum: 100,
    maximum: 10 ** 12,
    default: 100_000_000,
    description: 'Most that one leg through Circle may be worth, in US cents',
  }),
}
