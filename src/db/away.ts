// Codes of the driver, of sockets and of SQLSTATE: connection lost or refused, resources used up, out of time.
const AWAY = new RegExp(
  '^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT' +
    '|ENOTFOUND|EAI_AGAIN|08\\w{3}|53\\w{3}|57014|57P0\\d|55P03|25P0[34])$',
)
const MAX_CAUSES = 5

/** True when the database could not serve a query: not reachable, shutting down, full or out of time. */
export const isDatabaseAway = (error: unknown): boolean => {
  let current = error
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++, current = current.cause)
    if ('code' in current && typeof current.code === 'string' && AWAY.test(current.code)) return true
  return false
}
