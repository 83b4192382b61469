import { expect, test } from 'bun:test'
import { inRounds } from '../../src/queue/rounds.ts'

test('what is done is recorded while one item of the batch still hangs', async () => {
  const hangs = Promise.withResolvers<string>()
  const recorded: string[][] = []
  const firstRound = Promise.withResolvers<void>()
  const running = inRounds(
    ['a', 'slow', 'b'],
    1,
    async (item) => (item === 'slow' ? await hangs.promise : item),
    async (done) => {
      recorded.push(done.map(([, result]) => result))
      firstRound.resolve()
    },
  )
  await firstRound.promise
  expect(recorded).toEqual([['a', 'b']])
  hangs.resolve('slow')
  await running
  expect(recorded).toEqual([['a', 'b'], ['slow']])
})

test('everything that is done at once is recorded in one round', async () => {
  const rounds: number[] = []
  await inRounds(
    [1, 2, 3],
    60_000,
    async (item) => item,
    async (done) => {
      rounds.push(done.length)
    },
  )
  expect(rounds).toEqual([3])
})

test('work that throws keeps nothing else from being recorded, and its error is thrown in the end', async () => {
  const recorded: number[] = []
  const outcome = await inRounds(
    [1, 2, 3],
    60_000,
    async (item) => {
      if (item === 2) throw new Error('two')
      return item
    },
    async (done) => {
      recorded.push(...done.map(([, result]) => result))
    },
  ).then(
    () => 'fine',
    (error: Error) => error.message,
  )
  expect([recorded, outcome]).toEqual([[1, 3], 'two'])
})

test('a round that cannot be recorded keeps no later one from being recorded, and its error is thrown in the end', async () => {
  const late = Promise.withResolvers<string>()
  const recorded: string[] = []
  const outcome = await inRounds(
    ['bad', 'late'],
    1,
    async (item) => (item === 'late' ? await late.promise : item),
    async (done) => {
      for (const [item] of done) {
        if (item === 'bad') {
          late.resolve('late')
          throw new Error('refused')
        }
        recorded.push(item)
      }
    },
  ).then(
    () => 'fine',
    (error: Error) => error.message,
  )
  expect([recorded, outcome]).toEqual([['late'], 'refused'])
})
