import { fetchSource } from '../../src/market/fetch.ts'
import { SourceError, type SourceFailure, type SourceName } from '../../src/market/source.ts'
import { createSources, type SourceSettings, type SourceValues } from '../../src/market/sources/index.ts'
import type { MarketServer } from './market-server.ts'

interface Setting {
  /** In place of the default path and query. */
  path?: string
  keys?: NonNullable<SourceSettings['keys']>
}

/** Asks the sources of a played market at one moment, epoch milliseconds. */
export const createAsker = (server: MarketServer, nowMs: number) => {
  const value = <N extends SourceName>(name: N, { path, keys }: Setting = {}): Promise<SourceValues[N]> => {
    const url = path === undefined ? server.urls[name] : `${server.origin}/${name}${path}`
    const sources = createSources({ urls: { ...server.urls, [name]: url }, ...(keys ? { keys } : {}) })
    const source = sources.find((each) => each.name === name)
    if (!source) throw new Error(`no source ${name}`)
    return fetchSource(source, { deadlineMs: 20_000, nowMs }) as Promise<SourceValues[N]>
  }
  return {
    value,
    /** Why there is no value, and the sentence about it. */
    failure: async (name: SourceName, setting?: Setting): Promise<[SourceFailure, string]> => {
      try {
        await value(name, setting)
      } catch (error) {
        if (error instanceof SourceError) return [error.reason, error.message]
        throw error
      }
      throw new Error(`${name} gave a value`)
    },
  }
}
