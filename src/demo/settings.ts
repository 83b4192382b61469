import { join } from 'node:path'
import { type Config, loadConfig } from '../config.ts'

type Env = Record<string, string | undefined>

/** Ten times faster than the sandbox's own pace, so that a payment takes about 20 seconds. */
const DEFAULT_SCALE = '0.1'
/** What may pass beside the settlement of both legs: start, quote, polling, webhooks. */
const BESIDE_MS = 31_000
const LEAST_DEADLINE_MS = 55_000
/** Latest settlement of one sandbox leg at a time scale of 1, and a time in the middle to draw progress by. */
const LATEST_LEG_MS = 120_000
const USUAL_LEG_MS = 110_000

/**
 * A Ratelock of its own for a demonstration: a free port and an embedded database in a folder below DATA_DIR, whatever
 * the environment says about the real one. Throws ConfigError.
 */
export const demoConfig = (env: Env, folder = 'demo'): Config =>
  loadConfig({
    ...env,
    DATABASE_URL: undefined,
    AUTH_MODE: undefined,
    HOST: undefined,
    NODE_ENV: undefined,
    ROLE: undefined,
    PORT: '0',
    DATA_DIR: join(env.DATA_DIR?.trim() || '.data', folder),
    SANDBOX_TIME_SCALE: env.SANDBOX_TIME_SCALE?.trim() || DEFAULT_SCALE,
    LOG_LEVEL: 'error',
    SHUTDOWN_DRAIN_MS: '0',
    SHUTDOWN_GRACE_MS: '3000',
  })

/** Milliseconds after which the demo gives up; more than 55 s only when someone asked for slow settlement. */
export const deadlineMs = (scale: number): number =>
  Math.max(LEAST_DEADLINE_MS, 2 * LATEST_LEG_MS * scale + BESIDE_MS)

/** Milliseconds that one leg usually takes. */
export const usualLegMs = (scale: number): number => USUAL_LEG_MS * scale
