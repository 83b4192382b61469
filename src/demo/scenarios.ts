// Written from the API's documentation and not imported from its domains: whoever checks it is a stranger to them.

/** One of seed.md's five scenarios. */
export interface Scenario {
  name: string
  /** US dollars. */
  dollars: number
  priority: 'standard' | 'express' | 'economy'
  tier: 'standard' | 'business' | 'premium' | 'enterprise'
  /** The chain that must be chosen, whoever chooses. */
  chain: string
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'Small retail', dollars: 50, priority: 'standard', tier: 'standard', chain: 'base' },
  { name: 'Medium business', dollars: 500, priority: 'standard', tier: 'business', chain: 'base' },
  { name: 'Large enterprise', dollars: 500_000, priority: 'standard', tier: 'enterprise', chain: 'ethereum' },
  { name: 'Urgent', dollars: 100, priority: 'express', tier: 'premium', chain: 'base' },
  { name: 'Secure', dollars: 1_000_000, priority: 'standard', tier: 'enterprise', chain: 'ethereum' },
]

/** What POST /fees/calculate answers, as far as it is looked at here; amounts are cents. */
export interface FeeAnswer {
  total_fee: number
  fee_breakdown: Record<'platform_fee' | 'onramp_fee' | 'offramp_fee' | 'gas_cost' | 'risk_premium', number>
  recommended_provider: { onramp: string; offramp: string; chain: string; reasoning: string }
  estimated_settlement_time: string
  confidence_score: number
  source: 'claude' | 'cache' | 'rules'
  fallback_reason: string | null
  market: { source: string; status: string }[]
}

/** Body of POST /fees/calculate. */
export type FeeWish = ReturnType<typeof requestOf>

/** The request of a scenario: US dollars to euros in Germany. */
export const requestOf = ({ dollars, priority, tier }: Scenario) => ({
  amount: dollars * 100,
  from_currency: 'USD',
  to_currency: 'EUR',
  destination_country: 'Germany',
  priority,
  customer_tier: tier,
})

/** No model may ask for more than a quarter of a percent. */
const MOST_PREMIUM = 0.0025
/** Gas takes at most this share of these amounts, or the chain was the wrong one. */
const MOST_GAS = 0.001

/** What an answer gets wrong, in words; nothing when every expectation holds. */
export const failures = (scenario: Scenario, answer: FeeAnswer): string[] => {
  const amount = scenario.dollars * 100
  const { fee_breakdown: parts, total_fee: total, recommended_provider: route } = answer
  const sum = Object.values(parts).reduce((all, part) => all + part, 0)
  const least = Math.floor(amount * 0.032)
  const expectations: [boolean, string][] = [
    [route.chain === scenario.chain, `chose ${route.chain} instead of ${scenario.chain}`],
    [sum === total, `the parts come to ${sum} and not to ${total}`],
    [
      Object.values(parts).every((part) => Number.isSafeInteger(part) && part >= 0),
      'a part is not an amount',
    ],
    [parts.risk_premium <= amount * MOST_PREMIUM, `a risk premium of ${parts.risk_premium}`],
    [parts.gas_cost <= Math.max(1, amount * MOST_GAS), `gas of ${parts.gas_cost}`],
    // Three parts, each truncated.
    [total >= least - 3 && total < amount, `a total fee of ${total}`],
    [answer.confidence_score >= 0 && answer.confidence_score <= 1, 'a confidence beyond 0 to 1'],
    [route.reasoning.length > 0, 'no reasoning'],
  ]
  return expectations.filter(([holds]) => !holds).map(([, failure]) => failure)
}
