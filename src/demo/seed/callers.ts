import type { Ids } from '../../core/ids.ts'
import type { Services } from '../../services.ts'
import type { Agenda } from './agenda.ts'
import type { Order } from './orders.ts'

/** What callers act with. */
export interface CallerDeps {
  services: Services
  agenda: Agenda
  ids: Ids
  account: string
  /** Called when a payment has been accepted. */
  accepted(): void
}

/** Puts an order's actions on the agenda, each when the one before it has been done: fees, quote, payment, cancellation. */
export const placeOrder = ({ services, agenda, ids, account, accepted }: CallerDeps, order: Order): void => {
  const caller = () => ({ accountId: account, requestId: ids.uuid() })

  const pay = async (quoteId: string, at: number): Promise<void> => {
    const request = {
      amount: Number(order.amount),
      currency: order.to,
      source_account: order.payer,
      destination_account: order.payee,
      quote_id: quoteId,
    }
    const key = order.idempotencyKey ?? undefined
    const { body } = await services.payments.accept(caller(), request, key)
    accepted()
    if (order.cancelsAfterMs !== null)
      agenda.add(at + order.cancelsAfterMs, async () => {
        await services.payments.cancel(caller(), body.payment_id)
      })
  }

  agenda.add(order.at, async () => {
    if (order.fees && order.asksTwice) await services.fees.calculate(account, order.fees)
    const recommended = order.fees && (await services.fees.calculate(account, order.fees))
    const quote = await services.quotes.create(account, {
      from_currency: order.from,
      to_currency: order.to,
      amount: Number(order.amount),
      ...(recommended ? { recommendation_id: recommended.recommendation_id } : {}),
    })
    if (order.paysAfterMs === null) return
    const at = order.at + order.paysAfterMs
    agenda.add(at, () => pay(quote.quote_id, at))
  })
}
