import { customType, timestamp } from 'drizzle-orm/pg-core'
import { formatRate, parseRate, RATE_SCALE, type Rate } from '../../core/rate.ts'

/** An exact rate; the driver hands numeric over as text, so no float is ever involved. */
export const rate = customType<{ data: Rate; driverData: string }>({
  dataType: () => `numeric(24, ${RATE_SCALE})`,
  fromDriver: parseRate,
  toDriver: formatRate,
})

/** A point in time by the database's clock, to the millisecond. */
export const instant = () => timestamp({ withTimezone: true, precision: 3 })
