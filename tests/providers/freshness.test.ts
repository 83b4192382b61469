import { expect, test } from 'bun:test'
import pino from 'pino'
import { createFreshness } from '../../src/providers/freshness.ts'
import { fakeProvider } from '../payments/fake-provider.ts'

const logged = () => {
  const lines: { msg: string; provider: string }[] = []
  return { lines, log: pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) }) }
}

test('a provider that hangs or throws keeps no other from its rates, and is told once until it is back', async () => {
  const { lines, log } = logged()
  const answers = { good: 0, bad: 0 }
  let broken = true
  const good = { ...fakeProvider('good').provider, refresh: async () => void answers.good++ }
  const bad = {
    ...fakeProvider('bad').provider,
    refresh: async () => {
      if (broken) throw new Error('no rates')
      answers.bad++
    },
  }
  const hanging = {
    ...fakeProvider('hanging').provider,
    refresh: (signal: AbortSignal) =>
      new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  }
  const freshness = createFreshness([hanging, bad, good], 20, log)
  await freshness.refresh()
  await freshness.refresh()
  expect(answers.good).toBe(2)
  const of = (name: string) => lines.filter(({ provider }) => provider === name).map(({ msg }) => msg)
  expect(of('bad')).toEqual(['a provider does not tell its rates'])
  expect(of('hanging')).toEqual(['a provider does not tell its rates'])
  broken = false
  await freshness.refresh()
  expect(of('bad')).toEqual(['a provider does not tell its rates', 'a provider tells its rates again'])
  expect(answers.bad).toBe(1)
})

test('stopping ends a request that is under way, and nothing is asked afterwards', async () => {
  const { lines, log } = logged()
  let asked = 0
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const hanging = {
    ...fakeProvider('hanging').provider,
    refresh: (signal: AbortSignal) => {
      asked++
      resolve()
      return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  }
  const freshness = createFreshness([hanging], 60_000, log)
  void freshness.start()
  await begun
  await freshness.stop()
  expect([asked, lines]).toEqual([1, []])
})
