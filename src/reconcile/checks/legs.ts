import { STATUSES, type Status } from '../../payments/transitions.ts'
import { LEGS, type Leg } from '../../providers/port.ts'
import { literal } from '../scope.ts'

/** What an operation that was not refused may be; with `needed` there must be one. */
interface LegState {
  fits: readonly ('submitted' | 'accepted' | 'done')[]
  needed: boolean
}

const may = (...fits: LegState['fits']): LegState => ({ fits, needed: false })
const must = (...fits: LegState['fits']): LegState => ({ fits, needed: true })

/** The legs of a payment in each state, and the leg whose attempts it counts. A leg that is not listed has not begun. */
const LEGS_IN: Record<Status, Partial<Record<Leg, LegState>> & { counts: Leg }> = {
  PENDING: { counts: 'onramp', onramp: may('submitted') },
  ONRAMP_PENDING: { counts: 'onramp', onramp: must('accepted') },
  ONRAMP_COMPLETE: { counts: 'offramp', onramp: must('done'), offramp: may('submitted') },
  OFFRAMP_PENDING: { counts: 'offramp', onramp: must('done'), offramp: must('accepted') },
  COMPLETED: { counts: 'offramp', onramp: must('done'), offramp: must('done') },
  FAILED: { counts: 'onramp' },
  CANCELLED: { counts: 'onramp' },
  REFUND_PENDING: { counts: 'refund', onramp: must('done'), refund: may('submitted', 'accepted') },
  REFUNDED: { counts: 'refund', onramp: must('done'), refund: must('done') },
}

const EXPECTED = STATUSES.flatMap((status) =>
  LEGS.map((leg) => {
    const { fits, needed } = LEGS_IN[status][leg] ?? may()
    return `(${literal(status)}, ${literal(leg)}, ${needed}, '{${fits}}'::text[], ${LEGS_IN[status].counts === leg})`
  }),
).join(', ')

const LEGS_OF_SCOPE = `
select s.account_id, s.id, s.status, s.attempt, x.leg, x.needed, x.fits, x.counts,
  count(o.key) as attempts, min(o.attempt) as first, max(o.attempt) as last,
  count(o.key) filter (where o.status <> 'refused') as effective,
  bool_or(o.status = any (x.fits)) as fitting,
  max(o.attempt) filter (where o.status <> 'refused') as last_effective,
  string_agg(format('attempt %s at %s is %s', o.attempt, o.provider, o.status), ', ' order by o.attempt) as found
from scope s
join (values ${EXPECTED}) as x (status, leg, needed, fits, counts) using (status)
left join provider_operations o on o.account_id = s.account_id and o.payment_id = s.id and o.leg = x.leg
group by s.account_id, s.id, s.status, s.attempt, x.leg, x.needed, x.fits, x.counts`

const STATES = `
select case when effective > 1 then 'leg_duplicate' when needed and effective = 0 then 'leg_missing' else 'leg_mismatch' end
    as kind, account_id, id as payment_id,
  format('%s of a payment that is %s: %s; %s', leg, status, coalesce(found, 'nothing is journalled'),
    case when fits = '{}' then 'none of it may have moved money'
      else format('one must be %s', array_to_string(fits, ' or ')) end) as detail
from (${LEGS_OF_SCOPE}) l
where effective > 1 or (effective = 0 and needed) or (effective = 1 and fitting is not true)`

const ATTEMPTS = `
select 'leg_mismatch' as kind, account_id, id as payment_id,
  format('%s of a payment that is %s: %s; the attempts must count from 1, the last one at most not refused%s', leg,
    status, coalesce(found, 'nothing is journalled'),
    case when counts then format(', and the payment says that there were %s', attempt) end) as detail
from (${LEGS_OF_SCOPE}) l
where (attempts > 0 and (first, last) <> (1, attempts)) or last_effective < last
  or (counts and attempt <> coalesce(last, 0))`

const USDC = `
select 'leg_mismatch' as kind, s.account_id, s.id as payment_id,
  format('the payment says USDC received %s, spent %s; its on-ramp settled %s, its off-ramp %s',
    coalesce(s.usdc_received::text, 'none'), coalesce(s.usdc_spent::text, 'none'),
    coalesce(l.received::text, 'none'), coalesce(l.spent::text, 'none')) as detail
from scope s
cross join lateral (
  select sum(settled_amount) filter (where leg = 'onramp' and status = 'done') as received,
    sum(settled_amount) filter (where leg = 'offramp' and status = 'done') as spent
  from provider_operations o where o.account_id = s.account_id and o.payment_id = s.id) l
where (s.usdc_received, s.usdc_spent) is distinct from (l.received, l.spent)`

const TERMS = `
select 'leg_mismatch' as kind, s.account_id, s.id as payment_id,
  format('%s attempt %s at %s is %s: journalled %s %s, settled %s, reference %s; the quote says %s %s', o.leg, o.attempt,
    o.provider, o.status, o.amount, o.currency, coalesce(o.settled_amount::text, 'none'),
    coalesce(o.reference, 'none'), t.amount, t.currency) as detail
from scope s
join provider_operations o on o.account_id = s.account_id and o.payment_id = s.id
cross join lateral (
  select case o.leg when 'offramp' then s.payout else s.net end as amount,
    case o.leg when 'offramp' then s.to_currency else s.from_currency end as currency) t
where s.quoted and ((o.amount, o.currency) <> (t.amount, t.currency)
  or (o.status = 'done') <> (o.settled_amount is not null)
  or (o.leg = 'refund' and o.settled_amount <> t.amount)
  or (o.status in ('accepted', 'done') and o.reference is null))`

/** Payments and quotes against the journal of what providers were asked to do. */
export const LEG_CHECKS = [STATES, ATTEMPTS, USDC, TERMS]
