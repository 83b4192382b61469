import { seconds } from './format.ts'
import { NO_COLOURS as none } from './paint.ts'
import type { Reporter } from './reporter.ts'
import { NEXT_LINES, outcomeLines, quoteLines, STARTING, TITLE, webhookLine } from './screen.ts'

/** Prints one plain line for each event, for pipes and logs. */
export const createPlainReporter = (write: (text: string) => void, scale: number): Reporter => {
  const say = (...lines: string[]) => {
    for (const line of lines) write(`${line}\n`)
  }
  let begun = 0

  return {
    live: false,
    starting: (dataDir) => say(TITLE, `${STARTING} ${dataDir}`),
    started: (url) => say(`Ratelock answers at ${url}`),
    listening: ({ id, url }) => say(`Webhook endpoint ${id} is ${url}`),
    quote: (quote) =>
      say(
        `Quote ${quote.quote_id}`,
        ...quoteLines(quote, none),
        `  Locked for       ${quote.valid_for_seconds} s`,
      ),
    accepted: (id) => say(`Payment ${id}`),
    change: ({ to_status, message, timestamp }) => {
      begun ||= Date.parse(timestamp)
      say(`  ${seconds(Date.parse(timestamp) - begun).padStart(7)}  ${to_status.padEnd(16)} ${message}`)
    },
    webhook: (event) => say(`  webhook  ${webhookLine(event, none)}`),
    outcome: (outcome) => say('Outcome', ...outcomeLines(outcome, scale, none)),
    failed: (problem) => say(`The demo failed: ${problem}`),
    stopping: () => {},
    stopped: (completed) =>
      say('Ratelock and PostgreSQL of this demo have stopped.', ...(completed ? NEXT_LINES : [])),
    close: () => {},
  }
}
