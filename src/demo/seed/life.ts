import { DEMO_ACCOUNT } from '../../accounts/service.ts'
import { type Agenda, createAgenda } from './agenda.ts'
import { placeOrder } from './callers.ts'
import { type Chance, createChance } from './chance.ts'
import { type Endpoints, registerEndpoints, retireEndpoints } from './endpoints.ts'
import { DAY_MS } from './hours.ts'
import { DAYS, drawOrders } from './orders.ts'
import { type Played, startPlayed } from './played.ts'
import { publishMids } from './publications.ts'
import { nextDue, runDue, type Work } from './queue.ts'
import { startReceivers } from './receivers.ts'

/** Endpoints are this old in the end: old enough for deliveries to have been given up. */
const ENDPOINTS_MS = 7 * DAY_MS
/** When the books are compared, in milliseconds before the end; and in the end. */
const BOOKS_MS = [...[3.4, 2.4, 1.4, 0.4].map((days) => days * DAY_MS), 20 * 60_000]
const BOOKS_DAYS = 30
/** The queue is tidied up after so many turns. */
const TIDY_TURNS = 1_000

/** What to live. */
export interface Life {
  /** A migrated database that nobody else is connected to. */
  url: string
  /** Letters, digits and dashes; equal seeds give equal days. */
  seed: string
  payments: number
  /** When the last day ends, epoch milliseconds. */
  end: number
  signal: AbortSignal
  /** Told how many payments have been accepted so far. */
  progress?(accepted: number): void
}

/** What the services do by themselves: seal, compare the books, delete what expired unused. */
const upkeep = async ({ services }: Played): Promise<void> => {
  await services.sealAudit()
  const { findings } = await services.reconcile.run(BOOKS_DAYS)
  const returned = findings.flatMap(({ kind, account_id, payment_id }) =>
    kind === 'payout_returned' && account_id && payment_id ? [{ account_id, payment_id }] : [],
  )
  if (returned.length > 0) await services.payments.takeUp(returned)
  await services.quotes.sweep()
  await services.fees.sweep()
}

/** What goes on in the background of a database: days pass in seconds here, too few for its own intervals. */
const tidy = async ({ boss, sql }: Played): Promise<void> => {
  await boss.supervise()
  await sql`analyze`
}

/** How long a worker takes to find what is due, in milliseconds. */
const lagOf = (work: Work, chance: Chance): number =>
  work === 'payment' ? chance.integer(4, 40) : chance.integer(60, 140)

/** Lets time go from one thing that is due to the next, until `end`. */
const pass = async (played: Played, agenda: Agenda, life: Life): Promise<void> => {
  const { clock, sql, boss, services } = played
  const chance = createChance(`${life.seed}/workers`)
  for (let turn = 1; ; turn++) {
    life.signal.throwIfAborted()
    if (turn % TIDY_TURNS === 0) await tidy(played)
    const now = clock.now()
    const [first] = (await nextDue(sql))
      .map(({ work, at }) => ({ work, at: Math.max(at, now) + lagOf(work, chance) }))
      .sort((a, b) => a.at - b.at)
    const planned = agenda.next()
    const isPlanned = first === undefined || planned <= first.at
    const next = isPlanned ? planned : first.at
    if (next > life.end) return
    await clock.moveTo(next)
    if (isPlanned) await agenda.run(clock.now())
    else await runDue[first.work](boss, services)
  }
}

/**
 * Lives the days before `end`: callers, workers, providers and receivers act as they would, one after the other in a
 * time of their own, and what they do is written by the program's own statements.
 */
export const live = async (life: Life): Promise<void> => {
  const { url, seed, end } = life
  const begin = end - DAYS * DAY_MS
  const played = await startPlayed(url, seed, begin)
  const { services, clock, ids, sql } = played
  const receivers = startReceivers(seed, clock, end)
  const agenda = createAgenda()
  let endpoints: Endpoints | undefined
  try {
    await services.accounts.ensureDemo()
    await publishMids(played, agenda, seed, end)
    agenda.add(end - ENDPOINTS_MS, async () => {
      endpoints = await registerEndpoints(services.webhooks, DEMO_ACCOUNT, receivers)
    })
    for (const before of BOOKS_MS) agenda.add(end - before, () => upkeep(played))
    let made = 0
    const accepted = () => life.progress?.(++made)
    for (const order of drawOrders(seed, life.payments, end))
      placeOrder({ services, agenda, ids, account: DEMO_ACCOUNT, accepted }, order)
    await pass(played, agenda, life)
    await upkeep(played)
    await tidy(played)
    if (endpoints) await retireEndpoints(sql, services.webhooks, DEMO_ACCOUNT, endpoints)
  } finally {
    await receivers.stop()
    await played.close()
  }
  await played.restore()
}
