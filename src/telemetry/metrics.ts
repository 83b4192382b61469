import { Registry } from 'prom-client'

/** The program's metrics; every domain registers its own. Not the library's global one, so that two can coexist. */
export const createMetrics = (): Registry => new Registry()

/** Upper bounds in seconds of what is over in milliseconds, and of what waits for others for up to 10 seconds. */
export const FAST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
export const CALL_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Ends the help of a metric that each process has of its own: those of all processes are summed. */
export const OF_PROCESS = 'Of this process'
/** And of one that is read from the database, which all processes tell alike: one of them is looked at. */
export const OF_DATABASE = 'Of the whole database'
