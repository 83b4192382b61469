import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { delayOf, RAIL_STATES } from '../../../src/providers/cctp/states.ts'

const page = await Bun.file(join(import.meta.dir, '../../../docs/providers/cctp.md')).text()

test('the documentation has every state of the rail, with what it comes to, and no other', () => {
  const rows = Object.entries(RAIL_STATES).map(
    ([state, { outcome, meaning }]) => `| \`${state}\` | ${outcome} | ${meaning} |`,
  )
  expect(page.split('\n').filter((line) => /\| (accepted|unknown|done) \|/.test(line))).toEqual(rows)
})

test('every documented reason for a delay is known, and nothing else is', () => {
  const documented = ['insufficient_fee', 'amount_above_max', 'insufficient_allowance_available'] as const
  for (const reason of documented) {
    expect(delayOf(reason)).toBe(reason)
    expect(page).toContain(`\`${reason}\``)
  }
  expect(delayOf('mood')).toBeUndefined()
})
