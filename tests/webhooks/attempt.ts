// One attempt in a process of its own, for tests that need another environment: `bun attempt.ts <url> <secret> <ca>`.
import { systemClock } from '../../src/core/clock.ts'
import { sendWebhook } from '../../src/webhooks/sending/send.ts'

const [url = '', secret = '', ca] = process.argv.slice(2)
const result = await sendWebhook(
  { eventId: '1', body: '{}' },
  { url, secret },
  {
    clock: systemClock,
    deadlineMs: 10_000,
    resolve: () => Promise.resolve(['127.0.0.1']),
    allowPrivate: true,
    ca,
  },
)
// What the runtime's own client does here, to show that the environment means something.
const fetched = await fetch(url).then(
  ({ status }) => status,
  () => null,
)
console.log(JSON.stringify({ result, fetched }))
