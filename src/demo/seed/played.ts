import { DEMO_ACCOUNT } from '../../accounts/service.ts'
import { openDatabase, type Sql } from '../../db/client.ts'
import { readFleet } from '../../fleet.ts'
import { startBoss } from '../../queue/boss.ts'
import { createServices } from '../../services.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { bringBack, setAside } from './aside.ts'
import { createChance } from './chance.ts'
import { createDrawnIds } from './ids.ts'
import { PLAYED_KEY, startModel } from './model.ts'
import { livedConfig } from './settings.ts'
import { createPlayedClock, endTime, playTime } from './time.ts'

/** The services as they are, in a time that passes only when it is told to. */
export type Played = Awaited<ReturnType<typeof startPlayed>>

/** What is said about the database itself sees it as everybody else does. */
const plainly = async <T>(url: string, work: (sql: Sql) => Promise<T>): Promise<T> => {
  const database = openDatabase({ url, max: 1, settings: { search_path: 'public' } })
  try {
    return await work(database.sql)
  } finally {
    await database.close()
  }
}

/**
 * Starts the services on a migrated database that nobody else is connected to, at the epoch milliseconds `begin`. Until
 * it is closed and restored, that database is good for nothing else.
 */
export const startPlayed = async (url: string, seed: string, begin: number) => {
  const errors: Error[] = []
  const onError = (error: Error) => void errors.push(error)
  // Makes the queue's schema where there is none yet.
  await (await startBoss({ url, supervise: false, onError })).stop()
  const aside = await plainly(url, async (sql) => {
    await playTime(sql, seed)
    return setAside(sql, DEMO_ACCOUNT)
  })
  const database = openDatabase({ url, max: 3 })
  const clock = await createPlayedClock(database.sql, begin)
  const boss = await startBoss({ url, supervise: false, onError })
  const model = startModel(seed, clock)
  const config = livedConfig({ url: model.url, key: PLAYED_KEY })
  const ids = createDrawnIds(clock, createChance(`${seed}/ids`))
  const services = createServices({
    ...{ config, database, boss, clock, ids },
    log: createLogger({ level: 'silent', pretty: false }),
    fleet: await readFleet(config),
  })
  return {
    ...{ clock, ids, boss, services },
    sql: database.sql,
    /** Ends what was started, whatever came of it. */
    close: async () => {
      await boss.stop({ graceful: false })
      await Promise.all([database.close(), model.stop()])
    },
    /** Gives the database back its own time, when everything is closed. Throws what the queue could not do. */
    restore: async () => {
      await plainly(url, async (sql) => {
        await endTime(sql)
        await bringBack(sql, aside)
      })
      if (errors[0]) throw errors[0]
    },
  }
}
