import type { Fiat } from '../../core/currency.ts'
import { untilAborted } from '../abort.ts'
import { type AdapterDeps, byKeyAge } from '../adapter.ts'
import { stepKey } from '../keys.ts'
import { partyOf } from '../links.ts'
import {
  CHAINS,
  type LegCapability,
  type Operation,
  type Outcome,
  type Provider,
  type ProviderHealth,
  type RefusalClass,
} from '../port.ts'
import { refusedUnsent } from '../refusal.ts'
import { createSteps, type Step } from '../steps.ts'
import { createClient, NAME } from './client.ts'
import { createRateBook } from './rates.ts'
import { isRefusalClass, messageOf, refusalOf } from './refusals.ts'
import { ONRAMP_RAILS, PAYOUT_RAILS, parseLink, requestFor, type TransferRequest } from './requests.ts'
import type { BridgeSettings } from './settings.ts'
import { readStatusPage } from './status-page.ts'
import { instantOf, outcomeOf, recordOf } from './transfers.ts'

/** For as long Bridge answers a key that was sent before as it did then; afterwards with an error. */
export const KEY_LIFE_MS = 86_400_000

const refuse = (reason: RefusalClass, message = messageOf(reason)): Outcome => ({
  kind: 'refused',
  reason,
  message,
})

const requestIn = ({ detail }: Step): TransferRequest => JSON.parse(detail.request ?? '') as TransferRequest

/**
 * Bridge.xyz. Each operation is one transfer, whose request is written down word for word before it is sent: links and
 * settings may change, but a repetition must be the same request.
 */
export const createBridge = (settings: BridgeSettings, deps: AdapterDeps): Provider => {
  const { clock, links, wallets } = deps
  const client = createClient(settings, clock.now)
  const steps = createSteps(deps.sql, NAME)

  const capability = (
    rails: Partial<Record<Fiat, unknown>>,
    chains: LegCapability['chains'],
  ): LegCapability => ({
    currencies: Object.keys(rails) as Fiat[],
    chains,
    leastUsdCents: settings.leastUsdCents,
    mostUsdCents: settings.mostUsdCents,
  })
  const chains = CHAINS.filter((chain) => wallets[chain])
  const capabilities = {
    onramp: chains.length > 0 ? capability(ONRAMP_RAILS, chains) : null,
    // Payouts come out of a balance at Bridge, whatever chain the payment's USDC is on.
    offramp: settings.payouts ? capability(PAYOUT_RAILS, CHAINS) : null,
  }
  const currencies = new Set(
    [capabilities.onramp, capabilities.offramp].flatMap((leg) => leg?.currencies ?? []),
  )
  const rates = createRateBook(client, clock, [...currencies], settings.charge)
  let health: ProviderHealth = 'unknown'

  const look = async (id: string, operation: Operation, signal: AbortSignal): Promise<Outcome> =>
    outcomeOf(await client.find(id, signal), operation)

  /** What the reference or the journal leads to; null when neither does. */
  const known = async (
    operation: Operation,
    step: Step | undefined,
    signal: AbortSignal,
  ): Promise<Outcome | null> => {
    const id = operation.reference ?? step?.externalId
    if (id) return look(id, operation, signal)
    if (step?.status !== 'refused') return null
    const { reason } = step.detail
    return refuse(isRefusalClass(reason) ? reason : 'route')
  }

  const plan = async (operation: Operation): Promise<TransferRequest | Outcome> => {
    const name = partyOf(operation)
    const link = await links.find(operation, NAME)
    const party = link === null ? null : parseLink(link)
    if (!party) return refuse('route', `${name} is not linked at ${NAME}`)
    if (operation.leg !== 'onramp' && !party.externalAccount)
      return refuse('route', `${name} has no external account at ${NAME}`)
    return requestFor(operation, party, settings, wallets) ?? refuse('route')
  }

  /** The answer to the request, as far as it is certain what it says of the operation. */
  const send = async (
    operation: Operation,
    request: TransferRequest,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const answer = await client.create(stepKey(operation.key, 'transfer'), request, signal)
    if ('status' in answer) {
      const reason = operation.sentBefore ? null : refusalOf(answer)
      if (reason) return refuse(reason)
      return {
        kind: 'unknown',
        message: `${NAME} answered HTTP ${answer.status} to the request for a transfer`,
      }
    }
    if (answer.client_reference_id !== operation.key)
      return { kind: 'unknown', message: `${NAME} answered with the transfer of another operation` }
    const written = await steps.end(operation, operation.leg, { status: 'done', externalId: answer.id })
    if (!written) return { kind: 'unknown', message: 'the transfer belongs to another operation' }
    // The answer to a repetition is as old as the first.
    return operation.sentBefore ? look(answer.id, operation, signal) : outcomeOf(answer, operation)
  }

  const act = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    const step = (await steps.of(operation)).get(operation.leg)
    const found = await known(operation, step, signal)
    if (found) return found
    const age = byKeyAge(operation, KEY_LIFE_MS)
    if (age.kind !== 'not_found') return age
    const planned = step ? requestIn(step) : await plan(operation)
    if ('kind' in planned) return planned
    signal.throwIfAborted()
    const begun = await steps.begin(operation, operation.leg, { request: JSON.stringify(planned) })
    const sent = { ...operation, sentBefore: operation.sentBefore || step !== undefined }
    const outcome = await send(sent, requestIn(begun), signal).catch((error) =>
      refusedUnsent(error, NAME, sent),
    )
    if (outcome.kind === 'refused' && outcome.reference === undefined)
      await steps.end(operation, operation.leg, { status: 'refused', detail: { reason: outcome.reason } })
    return outcome
  }

  const inquire = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    const step = (await steps.of(operation)).get(operation.leg)
    return (await known(operation, step, signal)) ?? byKeyAge(operation, KEY_LIFE_MS)
  }

  // Bridge lists by creation, the newest first. Its filters by time go by the last change, and not with a cursor.
  async function* records({ fromMs, toMs }: { fromMs: number; toMs: number }, signal: AbortSignal) {
    for (let after: string | null = null; ; ) {
      const page = await untilAborted(signal, () => client.page(after, signal))
      const last = page.at(-1)
      if (!last) return
      if (last.id === after) throw new Error(`${NAME} lists the same transfers again`)
      const within = page.filter(({ created_at }) => {
        const madeMs = instantOf(created_at)
        return madeMs >= fromMs && madeMs < toMs
      })
      const owners = await steps.owners(within.map(({ id }) => id))
      yield within.map((transfer) => recordOf(transfer, owners.get(transfer.id)))
      if (instantOf(last.created_at) < fromMs) return
      after = last.id
    }
  }

  return {
    name: NAME,
    sandbox: settings.sandbox,
    capabilities,
    quote: rates.quote,
    health: () => health,
    refresh: async (signal) => {
      const [page, book] = await Promise.allSettled([
        readStatusPage(settings.statusUrl, clock.now, signal),
        rates.refresh(signal),
      ])
      health = page.status === 'fulfilled' ? page.value : 'unknown'
      if (book.status === 'rejected') throw book.reason
    },
    initiate: (operation, signal) => untilAborted(signal, () => act(operation, signal)),
    status: (operation, signal) => untilAborted(signal, () => inquire(operation, signal)),
    records,
  }
}
