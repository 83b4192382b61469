import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { OF_PROCESS } from './metrics.ts'

const LAG_EVERY_MS = 200
const MICROSECONDS = 1_000_000

/** What the operating system says of this process, under the names that all Prometheus clients use. */
export const registerProcessMetrics = (registry: Registry): void => {
  new Counter({
    name: 'process_cpu_seconds_total',
    help: `Seconds of CPU time, user and system. ${OF_PROCESS}`,
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / MICROSECONDS)
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: `Bytes of memory that are resident. ${OF_PROCESS}`,
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'process_start_time_seconds',
    help: `When it was started, seconds since 1970. ${OF_PROCESS}`,
    registers: [registry],
  }).set(performance.timeOrigin / 1000)
}

/**
 * Measures how late timers are, which is how long everything else waits for the CPU of this process. A histogram, because
 * a maximum that is forgotten at each scrape would belong to whichever Prometheus asks first. Answers what ends it.
 */
export const watchEventLoop = (lag: Histogram): (() => void) => {
  let due = performance.now() + LAG_EVERY_MS
  const timer = setInterval(() => {
    const now = performance.now()
    lag.observe(Math.max(0, now - due) / 1000)
    due = now + LAG_EVERY_MS
  }, LAG_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

export const eventLoopLag = (registry: Registry): Histogram =>
  new Histogram({
    name: 'ratelock_event_loop_lag_seconds',
    help: `Seconds by which a timer was late, looked at five times a second. ${OF_PROCESS}`,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers: [registry],
  })
