import postgres from 'postgres'

const COPY = 'ratelock_seed'
const BEFORE = 'ratelock_before_seed'

const named = (url: string, database: string): string => {
  const target = new URL(url)
  target.pathname = `/${database}`
  return target.href
}

/**
 * Lets `work` loose on a copy of the database and puts the copy in its place when that has succeeded; else nothing has
 * happened. Nobody else may be connected to either. Leftovers of a run that was killed are removed.
 */
export const onCopy = async <T>(url: string, work: (copy: string) => Promise<T>): Promise<T> => {
  const original = new URL(url).pathname.slice(1)
  const admin = postgres(named(url, 'postgres'), { max: 1, onnotice: () => {} })
  const drop = (name: string) => admin`drop database if exists ${admin(name)} with (force)`
  try {
    for (const leftover of [COPY, BEFORE]) await drop(leftover)
    await admin`create database ${admin(COPY)} template ${admin(original)}`
    const result = await work(named(url, COPY))
    await admin.begin(async (tx) => {
      await tx`alter database ${tx(original)} rename to ${tx(BEFORE)}`
      await tx`alter database ${tx(COPY)} rename to ${tx(original)}`
    })
    await drop(BEFORE)
    return result
  } finally {
    await drop(COPY).catch(() => {})
    await admin.end({ timeout: 5 })
  }
}
