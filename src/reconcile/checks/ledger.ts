import { recent } from '../scope.ts'

const UNBALANCED = `
select 'ledger_unbalanced' as kind, e.account_id, e.payment_id,
  format('version %s: its %s lines sum to %s instead of 0', e.version, e.currency, sum(e.amount)) as detail
from scope s join ledger_entries e on e.account_id = s.account_id and e.payment_id = s.id
group by e.account_id, e.payment_id, e.version, e.currency having sum(e.amount) <> 0
union all
select 'ledger_unbalanced', account_id, payment_id,
  format('version %s: a note that it was unbalanced has outlived its transaction', version)
from ledger_unbalanced`

// Apart from the postings on purpose: what they and the payments agree on is checked against what a payer, a payee and
// the fees must have in the end. The two accounts that share the rest of the USDC are known by their sum only.
const BALANCES = `
select 'ledger_balance' as kind, account_id, payment_id,
  format('the payment is %s; %s has %s %s, and should have %s', status, ledger_account, coalesce(a.amount, 0), currency,
    coalesce(x.amount, 0)) as detail
from (
  select s.account_id, s.id as payment_id, t.ledger_account, t.currency, t.amount
  from scope s
  cross join lateral (values
    ('payer', s.from_currency, -s.amount), ('payee', s.to_currency, case when s.returned_at is null then s.payout else 0 end),
    ('returned_payouts', s.to_currency, case when s.returned_at is null then 0 else s.payout end),
    ('liquidity', s.from_currency, s.net), ('liquidity', 'USDC', s.usdc_spent - s.usdc_received),
    ('liquidity', s.to_currency, -s.payout), ('fx_spread and fx_gain_loss', 'USDC', s.usdc_received - s.usdc_spent),
    ('platform_fees', s.from_currency, s.platform_fee),
    ('provider_fees', s.from_currency, s.onramp_fee + s.offramp_fee),
    ('network_gas', s.from_currency, s.gas_cost), ('risk_premiums', s.from_currency, s.risk_premium)
  ) as t (ledger_account, currency, amount)
  where s.status = 'COMPLETED' and t.amount <> 0) x
full join (
  select s.account_id, s.id as payment_id, t.ledger_account, e.currency, sum(e.amount) as amount
  from scope s
  join ledger_entries e on e.account_id = s.account_id and e.payment_id = s.id
  cross join lateral (select case when e.ledger_account in ('fx_spread', 'fx_gain_loss')
    then 'fx_spread and fx_gain_loss' else e.ledger_account end as ledger_account) t
  where s.ended_at is not null
  group by s.account_id, s.id, t.ledger_account, e.currency having sum(e.amount) <> 0) a
  using (account_id, payment_id, ledger_account, currency)
join (select account_id, id as payment_id, status from scope) s using (account_id, payment_id)
where x.amount is distinct from a.amount`

const ORPHANS = `
select 'ledger_orphan' as kind, e.account_id, e.payment_id,
  format('version %s, line %s: %s %s in %s of a payment that is not there', e.version, e.line, e.amount, e.currency,
    e.ledger_account) as detail
from ledger_entries e
where ${recent('e.at')}
  and not exists (select from payments p where p.account_id = e.account_id and p.id = e.payment_id)`

/** The ledger against itself, and against what ended payments must have come to. */
export const LEDGER_CHECKS = [UNBALANCED, BALANCES, ORPHANS]
