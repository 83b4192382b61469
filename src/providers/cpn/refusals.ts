import type { Outcome, RefusalClass } from '../port.ts'

/**
 * What an error of the API means. A class: the request was turned down for good. `lapsed`: its quote has. `exists`: what it
 * asked for is there already. `submitted`: a signed transaction is with CPN already. `later`: it may be sent again as it
 * is. `unknown`: nothing can be concluded.
 */
export type ErrorMeaning = RefusalClass | 'lapsed' | 'exists' | 'submitted' | 'later' | 'unknown'

/** CPN's documented error codes that the requests made here can be answered with. */
export const ERRORS = {
  '-1': 'unknown',
  '1': 'route',
  '2': 'route',
  '3': 'route',
  '4': 'route',
  '290000': 'route',
  '2900000': 'route',
  '290001': 'exists',
  '290100': 'limits',
  '290101': 'temporary',
  '290102': 'route',
  '290200': 'lapsed',
  '290201': 'exists',
  '290202': 'lapsed',
  '290203': 'route',
  '290204': 'compliance',
  '290205': 'compliance',
  '290206': 'compliance',
  '290207': 'route',
  '290211': 'route',
  '290300': 'exists',
  '290301': 'route',
  '290303': 'submitted',
  '290304': 'unknown',
  '290305': 'unknown',
  '290306': 'unknown',
  '290307': 'submitted',
  '290308': 'temporary',
  '290309': 'temporary',
  '290310': 'unknown',
  '290311': 'unknown',
  '290312': 'later',
  '290313': 'later',
  '290314': 'unknown',
  '290315': 'unknown',
  '290316': 'unknown',
  '290317': 'later',
  '290318': 'submitted',
  '290319': 'unknown',
  '290320': 'unknown',
  '290321': 'unknown',
  '290322': 'compliance',
  '290324': 'route',
  '290325': 'submitted',
  '290327': 'unknown',
  '290328': 'route',
  '290329': 'temporary',
  '290330': 'unknown',
  '290331': 'unknown',
  '290332': 'route',
  '290333': 'submitted',
  '290500': 'route',
  '290502': 'route',
  '290503': 'route',
} as const satisfies Record<string, ErrorMeaning>

const SENTENCES: Readonly<Record<RefusalClass, string>> = {
  funds: 'there is not enough USDC for this payout at Circle Payments Network',
  compliance: 'Circle Payments Network may not carry out this payout',
  limits: 'the amount is outside the limits of Circle Payments Network',
  route: 'Circle Payments Network cannot make this payout to this account',
  temporary: 'Circle Payments Network cannot make this payout right now',
}

const CLASSES: ReadonlySet<string> = new Set(Object.keys(SENTENCES))

/** Whether an error's meaning is that of a refusal. */
export const isRefusal = (meaning: ErrorMeaning | null): meaning is RefusalClass =>
  meaning !== null && CLASSES.has(meaning)

/** A refusal in our own words: CPN's may name what is nobody's business. */
export const refused = (
  reason: RefusalClass,
  message: string = SENTENCES[reason],
): Outcome & { kind: 'refused' } => ({ kind: 'refused', reason, message })
