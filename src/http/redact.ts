/** What starts like a key of ours, a webhook's secret or a model's key, up to where a path or a sentence goes on. */
const KEYS = /\b(?:rl_(?:live|test)_|sk-)[\w-]{4,}|\bwhsec_[\w+/=-]{4,}/g

/** Text that may hold what a caller has sent, without the keys that they put in the wrong place. */
export const withoutKeys = (text: string): string => text.replace(KEYS, '[redacted]')
