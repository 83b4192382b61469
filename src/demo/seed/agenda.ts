/** What is to be done, and when. Times are epoch milliseconds. */
export interface Agenda {
  add(at: number, act: () => Promise<void>): void
  /** When the next thing is due; infinite when nothing is left. */
  next(): number
  /** Does what is due by then, in order of time and then of being added. */
  run(now: number): Promise<void>
}

interface Item {
  at: number
  act: () => Promise<void>
}

/** An empty agenda. */
export const createAgenda = (): Agenda => {
  // In reverse order, so that the next one is taken off the end.
  const items: Item[] = []
  const next = () => items.at(-1)?.at ?? Number.POSITIVE_INFINITY

  return {
    next,
    add: (at, act) => {
      let [low, high] = [0, items.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((items[middle]?.at ?? 0) > at) low = middle + 1
        else high = middle
      }
      items.splice(low, 0, { at, act })
    },
    run: async (now) => {
      while (next() <= now) await items.pop()?.act()
    },
  }
}
