import type { Provider } from '../port.ts'
import { createSandbox, type SandboxOptions } from './provider.ts'

/** The original's three mock providers quoted 0.9200, 0.9195 and 0.9190: the best, and 5 and 11 bps below it. */
const SPREADS_BPS = { sandbox_a: 0n, sandbox_b: 5n, sandbox_c: 11n }

/** Three sandboxes that differ in name and spread, so that there is something to rank and to fail over to. */
export const createSandboxFleet = (common: Omit<SandboxOptions, 'name' | 'spreadBps'>): Provider[] =>
  Object.entries(SPREADS_BPS).map(([name, spreadBps]) => createSandbox({ ...common, name, spreadBps }))
