import type { Clock } from '../core/clock.ts'
import { boardOf } from './board.ts'
import { seconds } from './format.ts'
import type { Paint } from './paint.ts'
import { createRegion } from './region.ts'
import type { Reporter } from './reporter.ts'
import {
  boardLines,
  countdownLine,
  NEXT_LINES,
  outcomeLines,
  quoteLines,
  STARTING,
  spinner,
  TITLE,
  webhookLine,
} from './screen.ts'
import { usualLegMs } from './settings.ts'
import type { Transition, WebhookEvent } from './wire.ts'

const FRAME_MS = 80

interface LiveOptions {
  write: (text: string) => void
  clock: Clock
  scale: number
  paint: Paint
}

/** Draws the story in place on a terminal of at least 80 columns and 20 rows. */
export const createLiveReporter = ({ write, clock, scale, paint }: LiveOptions): Reporter => {
  const region = createRegion(write)
  const changes: Transition[] = []
  const events: WebhookEvent[] = []
  let frame = 0
  let scene: () => string[] = () => []

  const redraw = () => region.draw(scene())
  const timer = setInterval(() => {
    frame++
    redraw()
  }, FRAME_MS)
  /** Fixes the last picture of the present scene, or `instead`, and starts the next one. */
  const show = (next: () => string[], instead?: string[]) => {
    region.draw(instead ?? scene())
    region.keep()
    scene = next
    redraw()
  }
  const nothing = () => []
  const done = (text: string) => `${paint.good('✓')} ${text}`
  const waiting = (text: string) => {
    const begun = clock.now()
    return () => [`${paint.accent(spinner(frame))} ${text}  ${paint.dim(seconds(clock.now() - begun))}`]
  }

  return {
    live: true,
    starting: (dataDir) => show(waiting(`${STARTING} ${dataDir}`), [paint.bold(TITLE), '']),
    started: (url) => show(nothing, [done(`Ratelock answers at ${url}`)]),
    listening: ({ url }) => show(nothing, [done(`Webhooks come to ${url}`), '']),
    quote: (quote) =>
      show(
        () => [countdownLine(quote, clock.now(), paint)],
        [`${paint.bold('Quote')} ${paint.dim(quote.quote_id)}`, ...quoteLines(quote, paint)],
      ),
    accepted: (id) => {
      const at = () => ({ now: clock.now(), frame, usualLegMs: usualLegMs(scale) })
      show(() => [
        '',
        `${paint.bold('Payment')} ${paint.dim(id)}`,
        ...boardLines(boardOf(changes), at(), paint),
        '',
        `${paint.bold('Webhooks')} ${events.length > 0 ? '' : paint.dim('none yet')}`,
        ...events.map((event) => webhookLine(event, paint)),
      ])
    },
    change: (change) => {
      changes.push(change)
      redraw()
    },
    webhook: (event) => {
      events.push(event)
      events.sort((a, b) => a.data.sequence - b.data.sequence)
      redraw()
    },
    outcome: (outcome) => {
      show(nothing)
      show(nothing, ['', paint.bold('Outcome'), ...outcomeLines(outcome, scale, paint), ''])
    },
    failed: (problem) => {
      show(nothing)
      show(nothing, ['', `${paint.bad('✗')} ${paint.bold('The demo failed:')}`, `  ${problem}`, ''])
    },
    stopping: () => show(waiting('Stopping Ratelock and its PostgreSQL')),
    stopped: (completed) =>
      show(nothing, [
        done('Ratelock and PostgreSQL of this demo have stopped.'),
        ...(completed ? ['', ...NEXT_LINES] : []),
      ]),
    close: () => {
      clearInterval(timer)
      region.close()
    },
  }
}
