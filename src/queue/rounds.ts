const raceFor = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, promise])
  clearTimeout(timer)
}

/**
 * Does the work of all items side by side and records what is done in rounds: once everything is, or after
 * `firstMs`, then twice that, and so on, so that one item that hangs holds up no other of its batch.
 * Throws the first error of `work` or `record` at the end, when everything else has been done and recorded.
 */
export const inRounds = async <Item, Result>(
  items: readonly Item[],
  firstMs: number,
  work: (item: Item) => Promise<Result>,
  record: (done: readonly (readonly [Item, Result])[]) => Promise<void>,
): Promise<void> => {
  const done: (readonly [Item, Result])[] = []
  const failures: unknown[] = []
  let left = items.length
  const all = Promise.all(
    items.map(async (item) => {
      try {
        done.push([item, await work(item)])
      } catch (error) {
        failures.push(error)
        left--
      }
    }),
  )
  for (let pause = firstMs; left > 0; pause *= 2) {
    await raceFor(pause, all)
    const ready = done.splice(0)
    left -= ready.length
    try {
      if (ready.length > 0) await record(ready)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
