/**
 * SQL of an event's frozen body in Standard Webhooks form. `payment` and `quote` name relations of the
 * statement with those tables' columns, `type` is an expression. Written in SQL because the accepting
 * statement is the first to see quote and payment together.
 */
export const eventBodySql = (type: string, payment: string, quote: string): string => `
  json_build_object(
    'type', ${type},
    'timestamp', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'data', json_build_object(
      'payment_id', ${payment}.id,
      'quote_id', 'quote_' || ${quote}.id,
      'sequence', ${payment}.version,
      'status', ${payment}.status,
      'exception', ${payment}.exception,
      'failure_reason', ${payment}.failure_reason,
      'amount', ${quote}.amount,
      'currency', ${quote}.from_currency,
      'fees', json_strip_nulls(json_build_object(
        'platform_fee', ${quote}.platform_fee,
        'onramp_fee', ${quote}.onramp_fee,
        'offramp_fee', ${quote}.offramp_fee,
        'gas_cost', case when ${quote}.recommendation_id is not null then ${quote}.gas_cost end,
        'risk_premium', case when ${quote}.recommendation_id is not null then ${quote}.risk_premium end,
        'total_fees', ${quote}.total_fees,
        'currency', ${quote}.from_currency)),
      'exchange_rate', trim_scale(${quote}.rate),
      'guaranteed_payout', ${quote}.payout,
      'payout_currency', ${quote}.to_currency,
      'paid_out', case when ${payment}.status = 'COMPLETED' and ${payment}.returned_at is null then ${quote}.payout end,
      'refunded', case when ${payment}.status = 'REFUNDED' then ${quote}.amount end,
      'usdc', json_build_object(
        'expected', ${quote}.usdc_amount,
        'received', ${payment}.usdc_received,
        'spent', ${payment}.usdc_spent,
        'difference', ${payment}.usdc_received - ${payment}.usdc_spent),
      'source_account', ${payment}.source_account,
      'destination_account', ${payment}.destination_account))::text`
