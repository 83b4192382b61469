import { Registry } from 'prom-client'

/** The program's metrics; every domain registers its own. Not the library's global one, so that two can coexist. */
export const createMetrics = (): Registry => new Registry()
