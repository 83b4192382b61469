import { type Static, Type } from '@sinclair/typebox'
import { oneOf, strict } from '../core/schema.ts'
import { STATUSES } from '../payments/transitions.ts'
import { LEDGER_ACCOUNTS } from './chart.ts'

const Account = oneOf(LEDGER_ACCOUNTS, { description: 'An account of the chart in docs/ledger.md' })
const Currency = Type.String({ description: 'ISO 4217 code, or USDC with six decimals' })

const LedgerEntry = strict({
  sequence: Type.Integer({ minimum: 1, description: 'Of the change that wrote it, as in state_history' }),
  line: Type.Integer({ minimum: 1, description: 'Position within the entries of that change' }),
  account: Account,
  currency: Currency,
  amount: Type.Integer({ description: 'Minor units: negative leaves the account, positive arrives there' }),
  timestamp: Type.String({ format: 'date-time' }),
})

export const PaymentLedger = strict(
  {
    payment_id: Type.String({ format: 'uuid' }),
    status: oneOf(STATUSES, { description: 'State of the payment as of these entries' }),
    entries: Type.Array(LedgerEntry, {
      description: 'Oldest first; the entries of each change sum to zero in each currency',
    }),
    balances: Type.Array(
      strict({ account: Account, currency: Currency, balance: Type.Integer({ description: 'Minor units' }) }),
      { description: 'The sums that are not zero, in the order of the chart' },
    ),
    realised: Type.Union(
      [
        strict({
          fx_spread: Type.Integer({ description: 'USDC minor units that the quote itself kept' }),
          fx_gain_loss: Type.Integer({
            description:
              'USDC minor units that the lock made of the market; below zero the platform carries it',
          }),
          currency: Type.Literal('USDC'),
        }),
        Type.Null(),
      ],
      { description: 'Null until the payee has been paid' },
    ),
  },
  { title: 'PaymentLedger' },
)

export type PaymentLedger = Static<typeof PaymentLedger>
