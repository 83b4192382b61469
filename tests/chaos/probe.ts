const EVERY_MS = 50
const DEADLINE_MS = 5_000

/** Asks for health and readiness all the time, as an orchestrator would, and keeps what it was told. */
export const startProbe = (url: string) => {
  const health = new Set<number | string>()
  const readiness = { last: 0, seen: new Set<number | string>() }
  let over = false

  const ask = async (path: string): Promise<number | string> => {
    try {
      const response = await fetch(url + path, { signal: AbortSignal.timeout(DEADLINE_MS) })
      await response.text()
      return response.status
    } catch (error) {
      return String(error)
    }
  }
  const finished = (async () => {
    while (!over) {
      const [alive, ready] = await Promise.all([ask('/healthz'), ask('/readyz')])
      health.add(alive)
      readiness.seen.add(ready)
      readiness.last = Number(ready)
      await Bun.sleep(EVERY_MS)
    }
  })()
  const stop = async (): Promise<void> => {
    over = true
    await finished
  }
  return { health, readiness, stop, [Symbol.asyncDispose]: stop }
}
