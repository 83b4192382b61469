import type { Config } from './config.ts'
import type { Running } from './process.ts'

/** What a developer sees after the start: where things are, and one request to try. */
export const welcome = ({ url, dataDir }: Running, config: Config): string => {
  if (!url) return 'Ratelock worker is running; Ctrl-C stops it.'
  if (config.ROLE === 'worker')
    return `Ratelock worker is running, its metrics are at ${url}/metrics; Ctrl-C stops it.`
  const body = '{"from_currency":"USD","to_currency":"EUR","amount":100000}'
  const key = config.AUTH_MODE === 'open' ? '' : " -H 'authorization: Bearer <key>'"
  return [
    'Ratelock is running; Ctrl-C stops it.',
    '',
    `  Dashboard   ${url}/`,
    `  API         ${url}${config.AUTH_MODE === 'open' ? '   (open: no key needed)' : ''}`,
    `  Swagger UI  ${url}/swagger`,
    `  Data        ${dataDir ? `${dataDir} (embedded PostgreSQL)` : 'DATABASE_URL'}`,
    '',
    '  Try a quote:',
    `  curl -X POST ${url}/quotes -H 'content-type: application/json'${key} -d '${body}'`,
    '',
  ].join('\n')
}
