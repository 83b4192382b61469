import { isTerminal, STATUSES, TRANSITIONS } from '../../payments/transitions.ts'
import { literal, recent } from '../scope.ts'

const TERMINAL = STATUSES.filter(isTerminal).map(literal).join(', ')

/** Every step that a history may have: the first, a change of the exception alone, and the transitions. */
const STEPS = [
  ' PENDING',
  ...STATUSES.filter((status) => !isTerminal(status)).map((status) => `${status} ${status}`),
  // A payout that came back.
  'COMPLETED COMPLETED',
  ...TRANSITIONS.map(({ from, to }) => `${from} ${to}`),
]
  .map(literal)
  .join(', ')

const NEWEST = `
select 'audit_mismatch' as kind, s.account_id, s.id as payment_id,
  format('the payment says version %s, %s, exception %s; its audit trail has %s rows, of which the newest says version %s, %s, exception %s',
    s.version, s.status, s.exception, h.count, h.last, a.to_status, a.exception) as detail
from scope s
cross join lateral (
  select count(*), min(version) as first, max(version) as last from payment_audit
  where account_id = s.account_id and payment_id = s.id) h
left join payment_audit a on a.account_id = s.account_id and a.payment_id = s.id and a.version = h.last
where h.count <> s.version or h.first is distinct from 1 or h.last is distinct from s.version
  or (a.to_status, a.exception) is distinct from (s.status, s.exception)`

const IMPOSSIBLE = `
select 'audit_mismatch', account_id, payment_id,
  format('version %s goes from %s to %s, after %s', version, coalesce(from_status, 'nothing'), to_status,
    coalesce(before, 'nothing'))
from (
  select a.account_id, a.payment_id, a.version, a.from_status, a.to_status,
    lag(a.to_status) over (partition by a.account_id, a.payment_id order by a.version) as before
  from scope s join payment_audit a on a.account_id = s.account_id and a.payment_id = s.id) steps
where from_status is distinct from before
  or coalesce(from_status, '') || ' ' || to_status not in (${STEPS})`

const ENDED = `
select 'audit_mismatch', account_id, id,
  format('the payment is %s and %s', status, coalesce('ended at ' || ended_at, 'has not ended'))
from scope where (ended_at is not null) <> (status in (${TERMINAL}))`

const MISSING = `
select 'payment_missing' as kind, a.account_id, a.payment_id,
  format('version %s, %s, is in the audit trail; the payment is not there', a.version, a.to_status) as detail
from payment_audit a
where ${recent('a.at')}
  and not exists (select from payments p where p.account_id = a.account_id and p.id = a.payment_id)
union all
select 'payment_missing', o.account_id, o.payment_id,
  format('%s attempt %s at %s, %s, is journalled; the payment is not there', o.leg, o.attempt, o.provider, o.status)
from provider_operations o
where ${recent('o.submitted_at')}
  and not exists (select from payments p where p.account_id = o.account_id and p.id = o.payment_id)`

const QUOTE = `
select 'quote_missing' as kind, account_id, id as payment_id,
  format('the payment is %s; its quote is not there', status) as detail
from scope where not quoted`

/** Payments against their history and their quotes. */
export const AUDIT_CHECKS = [[NEWEST, IMPOSSIBLE, ENDED].join('\nunion all\n'), MISSING, QUOTE]
