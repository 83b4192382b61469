import type { X509Certificate } from 'node:crypto'
import { formatAmount } from '../../core/money.ts'
import { stepKey } from '../keys.ts'
import type { Links } from '../links.ts'
import type { Operation } from '../port.ts'
import { refusedUnsent } from '../refusal.ts'
import { type Book, type Ends, endsOf, fill, useCaseOf } from './book.ts'
import { type CpnClient, CpnError } from './client.ts'
import { type Attempt, type Journal, type Progress, paymentStep, type Refusal } from './journal.ts'
import type { CpnPayment } from './model.ts'
import type { Network } from './networks.ts'
import { cheapest, offersIn } from './offers.ts'
import { isRefusal, refused } from './refusals.ts'
import { seal } from './seal.ts'

/** A quote lives for half a minute; one that lapses again and again will not be met by trying for ever. */
const MOST_QUOTES = 3

export interface PaymentsDeps {
  name: string
  client: CpnClient
  journal: Journal
  links: Links
  book: Book
  authorities: readonly X509Certificate[]
  /** Our wallet: where the USDC comes from, and where it goes back to. */
  payer: string
  networkOf(operation: Operation): Network
  now(): number
}

export type Payments = ReturnType<typeof createPayments>

/** Turns operations into payments at CPN. Nothing here moves money: a payment that nobody signs for expires. */
export const createPayments = (deps: PaymentsDeps) => {
  const { name, client, journal, links, book, authorities, payer, networkOf, now } = deps

  const partiesTo = async (operation: Operation) => {
    const { sourceAccount, destinationAccount } = operation
    const [originator, beneficiary] = await Promise.all([
      links.find(operation, name, sourceAccount),
      links.find(operation, name, destinationAccount),
    ])
    if (originator === null) return refused('route', `${sourceAccount} is not linked to ${name}`)
    if (beneficiary === null) return refused('route', `${destinationAccount} is not linked to ${name}`)
    const ends = endsOf(book, originator, beneficiary)
    if (ends) return ends
    return refused('route', `${sourceAccount} or ${destinationAccount} is not in the book of ${name}`)
  }

  /** The best quote for exactly the operation's amount, written down as an attempt. */
  const quoted = async (
    operation: Operation,
    { originator, beneficiary }: Ends,
    number: number,
    signal: AbortSignal,
  ): Promise<Attempt | Refusal> => {
    const { amount, currency } = operation
    const { paymentMethodType } = beneficiary
    const { blockchain } = networkOf(operation)
    if (beneficiary.currency !== currency)
      return refused('route', `${operation.destinationAccount} takes no ${currency} at ${name}`)
    const quotes = await client.quotes(
      {
        paymentMethodType,
        senderCountry: originator.country,
        destinationCountry: beneficiary.country,
        senderType: originator.type,
        recipientType: beneficiary.type,
        blockchain,
        sourceAmount: { currency: 'USDC' },
        destinationAmount: { amount: formatAmount(amount, currency), currency },
      },
      signal,
    )
    const offers = offersIn(quotes, { currency, blockchain, paymentMethodType }, authorities, now())
    const offer = cheapest(offers, amount)
    signal.throwIfAborted()
    if (!offer) return refused('temporary')
    return offer.usdc <= operation.mostUsdc ? journal.attempt(operation, number, offer) : refused('route')
  }

  /** The payment of the attempt, should CPN have it already; our key is the reference that it is found by. */
  const find = async (
    operation: Operation,
    attempt: Attempt,
    signal: AbortSignal,
  ): Promise<CpnPayment | null> => {
    const payments = await client.payments({ customerRefId: operation.key }, signal)
    const found = payments.find(
      ({ customerRefId, quoteId }) => customerRefId === operation.key && quoteId === attempt.quoteId,
    )
    if (found) await journal.created(operation, attempt, found.id)
    return found ?? null
  }

  const send = async (
    operation: Operation,
    attempt: Attempt,
    ends: Ends,
    signal: AbortSignal,
  ): Promise<CpnPayment | Refusal> => {
    const required = await client.requirements(attempt.quoteId, signal)
    const { originator, beneficiary } = ends
    const held = { ...book.institution, ...originator.travelRule, ...beneficiary.travelRule }
    const travelRule = fill(required.travelRule, held)
    const account = fill(required.beneficiaryAccount, beneficiary.account)
    if (!travelRule || !account) {
      const { sourceAccount, destinationAccount } = operation
      return refused(
        'route',
        `${name} requires more of ${sourceAccount} or ${destinationAccount} than is known`,
      )
    }
    const [travelRuleData, beneficiaryAccountData] = await Promise.all([
      seal(travelRule, attempt.jwk),
      seal(account, attempt.jwk),
    ])
    const payment = await client.createPayment(
      {
        idempotencyKey: stepKey(operation.key, paymentStep(attempt.number)),
        quoteId: attempt.quoteId,
        beneficiaryAccountData,
        travelRuleData,
        senderAddress: payer,
        refundAddress: payer,
        blockchain: networkOf(operation).blockchain,
        reasonForPayment: beneficiary.reasonForPayment,
        customerRefId: operation.key,
        refCode: operation.paymentId,
        useCase: useCaseOf(ends),
      },
      signal,
    )
    await journal.created(operation, attempt, payment.id)
    return payment
  }

  const tryToSend = async (
    operation: Operation,
    attempt: Attempt,
    ends: Ends,
    signal: AbortSignal,
  ): Promise<CpnPayment | Refusal | 'lapsed'> => {
    try {
      return await send(operation, attempt, ends, signal)
    } catch (error) {
      if (!(error instanceof CpnError)) throw error
      if (error.meaning === 'lapsed') return 'lapsed'
      const found = error.meaning === 'exists' ? await find(operation, attempt, signal) : null
      if (found) return found
      throw error
    }
  }

  const establish = async (
    operation: Operation,
    { attempt: followed, next }: Progress,
    signal: AbortSignal,
  ): Promise<CpnPayment | Refusal> => {
    const ends = await partiesTo(operation)
    if ('kind' in ends) return ends
    let attempt = followed
    for (let number = next; ; ) {
      if (!attempt && number > MOST_QUOTES) return refused('temporary')
      const current: Attempt | Refusal = attempt ?? (await quoted(operation, ends, number++, signal))
      if ('kind' in current) return current
      const sent = await tryToSend(operation, current, ends, signal)
      if (sent !== 'lapsed') return sent
      await journal.lapsed(operation, current)
      attempt = null
    }
  }

  return {
    find,
    /**
     * The operation's payment, made under its key unless there is one, from as many quotes as lapse on the way; or why
     * there is none. Throws where it cannot be told.
     */
    establish: async (
      operation: Operation,
      progress: Progress,
      signal: AbortSignal,
    ): Promise<CpnPayment | Refusal> => {
      try {
        return await establish(operation, progress, signal)
      } catch (error) {
        if (error instanceof CpnError && isRefusal(error.meaning)) return refused(error.meaning)
        const outcome = refusedUnsent(error, name, operation)
        if (outcome.kind !== 'refused') throw error
        return outcome
      }
    },
  }
}
