import { describe, expect, test } from 'bun:test'
import { type Config, ConfigError, loadConfig } from '../src/config.ts'
import { Environment } from '../src/environment.ts'

/** The lines that a reader sees, or nothing when the environment is accepted. */
const problems = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.lines
    throw error
  }
}

/** The settings of each provider have tests of their own. */
const PROVIDERS_OWN = /^(BRIDGE|CCTP|CIRCLE|COINBASE|CPN)_(?!STATUS_URL$)|^(BRIDGE|COINBASE)_STATUS_URL$/
const ours = (config: Config) =>
  Object.fromEntries(Object.entries(config).filter(([name]) => !PROVIDERS_OWN.test(name)))

const POSTGRES = 'postgres://ratelock:hunter2@db.internal:5432/ratelock'

describe('without any setting the program runs by itself, open on loopback only', () => {
  test('every setting has the default that the documentation tells', () => {
    expect(ours(loadConfig({}))).toEqual({
      PORT: 3000,
      HOST: '127.0.0.1',
      ROLE: 'all',
      NODE_ENV: 'development',
      DATA_DIR: '.data',
      DATABASE_URL: undefined,
      DATABASE_POOL: 10,
      DATABASE_POOLER: 'none',
      DATABASE_WAIT_SECONDS: 60,
      AUTH_MODE: 'open',
      LOG_LEVEL: 'info',
      RATE_LIMIT_PER_ACCOUNT: 0,
      RATE_LIMIT_PER_KEY: 0,
      RATE_LIMIT_PER_ADDRESS: 0,
      STREAMS_PER_ACCOUNT: 100,
      STREAMS_PER_PROCESS: 2_000,
      REQUEST_BODY_MS: 10_000,
      HSTS_SECONDS: 0,
      SANDBOX_TIME_SCALE: 1,
      SANDBOX_SEED: 'ratelock',
      SANDBOX_FAULTS: '',
      PROVIDERS: 'sandbox',
      SETTLEMENT_WALLETS: '',
      POLL_FIRST_SECONDS: 30,
      SETTLE_WITHIN_SECONDS: 7200,
      PROVIDER_DEADLINE_MS: 10_000,
      MARKET_DATA: 'live',
      FX_URL: 'https://open.er-api.com/v6/latest/USD',
      FX_CHECK_URL: expect.stringMatching(/^https:\/\/api\.frankfurter\.dev\/v1\/latest\?base=USD&symbols=/),
      BEACONCHAIN_URL: 'https://beaconcha.in/api/v1/execution/gasnow',
      BLOCKSCOUT_URL_BASE: 'https://base.blockscout.com/api/v2/stats',
      BLOCKSCOUT_URL_POLYGON: 'https://polygon.blockscout.com/api/v2/stats',
      BLOCKSCOUT_URL_ARBITRUM: 'https://arbitrum.blockscout.com/api/v2/stats',
      SOLANA_RPC_URL: 'https://api.mainnet-beta.solana.com',
      CIRCLE_STATUS_URL: 'https://status.circle.com/api/v2/summary.json',
      COINGECKO_URL: expect.stringMatching(
        /^https:\/\/api\.coingecko\.com\/api\/v3\/simple\/price\?ids=ethereum,/,
      ),
      MARKET_DEADLINE_MS: 5000,
      FX_TOLERANCE_BPS: 100,
      USDC_TOLERANCE_BPS: 50,
      FX_DOUBT: 'buffer',
      FX_DOUBT_BUFFER_BPS: 100,
      LOCK_BUFFER_DEFAULT_BPS: 0,
      LOCK_BUFFER_MIN_BPS: 0,
      LOCK_BUFFER_MAX_BPS: 100,
      ANTHROPIC_MODEL: 'claude-haiku-5-5',
      ANTHROPIC_DEADLINE_MS: 4000,
      ANTHROPIC_CALLS_PER_MINUTE: 30,
      SHUTDOWN_DRAIN_MS: 0,
      SHUTDOWN_GRACE_MS: 10_000,
    })
  })

  test('an empty variable counts as unset, and blanks around a value do not count', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: ' ', LOG_LEVEL: ' warn ', DATABASE_POOL: ' 7\n' })).toEqual({
      ...loadConfig({}),
      LOG_LEVEL: 'warn',
      DATABASE_POOL: 7,
    })
  })

  test('variables of other programs are left alone', () => {
    expect(loadConfig({ PATH: '/bin', __proto__: 'x', port: '1' })).toEqual(loadConfig({}))
  })

  test('every variable is described for whoever has to set it', () => {
    for (const schema of Object.values(Environment.properties))
      expect(schema.description?.length).toBeGreaterThan(10)
  })
})

describe('a bad variable gives one line that names it and what is allowed', () => {
  const integers = {
    PORT: 'PORT must be a whole number from 0 to 65535',
    DATABASE_POOL: 'DATABASE_POOL must be a whole number from 1 to 200',
    DATABASE_WAIT_SECONDS: 'DATABASE_WAIT_SECONDS must be a whole number from 0 to 3600',
    POLL_FIRST_SECONDS: 'POLL_FIRST_SECONDS must be a whole number from 1 to 3600',
    SETTLE_WITHIN_SECONDS: 'SETTLE_WITHIN_SECONDS must be a whole number from 60 to 604800',
    PROVIDER_DEADLINE_MS: 'PROVIDER_DEADLINE_MS must be a whole number from 10 to 12000',
    STREAMS_PER_ACCOUNT: 'STREAMS_PER_ACCOUNT must be a whole number from 1 to 100000',
    STREAMS_PER_PROCESS: 'STREAMS_PER_PROCESS must be a whole number from 1 to 100000',
    REQUEST_BODY_MS: 'REQUEST_BODY_MS must be a whole number from 10 to 30000',
    SHUTDOWN_DRAIN_MS: 'SHUTDOWN_DRAIN_MS must be a whole number from 0 to 120000',
    SHUTDOWN_GRACE_MS: 'SHUTDOWN_GRACE_MS must be a whole number from 0 to 120000',
    MARKET_DEADLINE_MS: 'MARKET_DEADLINE_MS must be a whole number from 100 to 60000',
    FX_TOLERANCE_BPS: 'FX_TOLERANCE_BPS must be a whole number from 1 to 10000',
    USDC_TOLERANCE_BPS: 'USDC_TOLERANCE_BPS must be a whole number from 1 to 10000',
    FX_DOUBT_BUFFER_BPS: 'FX_DOUBT_BUFFER_BPS must be a whole number from 0 to 2000',
    LOCK_BUFFER_DEFAULT_BPS: 'LOCK_BUFFER_DEFAULT_BPS must be a whole number from 0 to 2000',
    LOCK_BUFFER_MIN_BPS: 'LOCK_BUFFER_MIN_BPS must be a whole number from 0 to 2000',
    LOCK_BUFFER_MAX_BPS: 'LOCK_BUFFER_MAX_BPS must be a whole number from 0 to 2000',
    ANTHROPIC_DEADLINE_MS: 'ANTHROPIC_DEADLINE_MS must be a whole number from 100 to 60000',
    ANTHROPIC_CALLS_PER_MINUTE: 'ANTHROPIC_CALLS_PER_MINUTE must be a whole number from 0 to 10000',
  }
  const badIntegers = [
    '-1',
    '1000000',
    '99.5',
    '1e2',
    '0x64',
    'abc',
    'true',
    'null',
    'NaN',
    'Infinity',
    '1,000',
  ]

  test.each(Object.entries(integers).flatMap(([name, line]) => badIntegers.map((bad) => [name, bad, line])))(
    '%s=%s',
    (name, bad, line) => {
      expect(problems({ [name]: bad })).toEqual([line])
    },
  )

  test.each(['-0.1', '10.5', 'fast', 'true', 'false', '0x1', '1e-2', 'NaN', '.5', '1.'])(
    'SANDBOX_TIME_SCALE=%s',
    (bad) => {
      expect(problems({ SANDBOX_TIME_SCALE: bad })).toEqual([
        'SANDBOX_TIME_SCALE must be a number from 0 to 10',
      ])
    },
  )

  test.each([
    ['ROLE', 'web', 'ROLE must be one of api, worker, all'],
    ['ROLE', 'API', 'ROLE must be one of api, worker, all'],
    ['NODE_ENV', 'prod', 'NODE_ENV must be one of development, production, test'],
    ['AUTH_MODE', 'off', 'AUTH_MODE must be one of open, required'],
    ['LOG_LEVEL', 'verbose', 'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent'],
  ])('%s=%s', (name, bad, line) => {
    expect(problems({ [name]: bad })).toEqual([line])
  })

  test.each([
    ['FX_URL', 'open.er-api.com/v6/latest/USD'],
    ['FX_URL', 'file:///etc/passwd'],
    ['COINGECKO_URL', 'OFF'],
    ['SOLANA_RPC_URL', 'https://'],
  ])('%s=%s, without repeating it: a URL may hold a key', (name, bad) => {
    expect(problems({ [name]: bad })).toEqual([`${name} must be an http:// or https:// URL, or off`])
  })

  test('the model’s address cannot be off: the key decides whether it is asked', () => {
    for (const bad of ['off', 'localhost:4010', 'ftp://example.com'])
      expect(problems({ ANTHROPIC_BASE_URL: bad })).toEqual([
        'ANTHROPIC_BASE_URL must be an http:// or https:// URL',
      ])
  })

  test('a market source can be turned off, and all of them at once', () => {
    expect(loadConfig({ BEACONCHAIN_URL: 'off', MARKET_DATA: 'sample' })).toMatchObject({
      BEACONCHAIN_URL: 'off',
      MARKET_DATA: 'sample',
    })
  })

  test.each([
    ['RATE_LIMIT_PER_ACCOUNT', '-1', 'a whole number from 0 to 1000000000'],
    ['RATE_LIMIT_PER_KEY', '60k', 'a whole number from 0 to 1000000000'],
    ['RATE_LIMIT_PER_ADDRESS', '1e3', 'a whole number from 0 to 1000000000'],
    ['HSTS_SECONDS', 'on', 'a whole number from 0 to 63072000'],
    ['TRUSTED_PROXIES', 'proxy.internal', 'a list of address ranges such as 10.0.0.0/8, ::1'],
    ['TRUSTED_PROXIES', '10.0.0.0/40', 'a list of address ranges such as 10.0.0.0/8, ::1'],
    ['CORS_ORIGINS', '*', 'a list of origins such as https://shop.example'],
    ['CORS_ORIGINS', 'https://shop.example/', 'a list of origins such as https://shop.example'],
  ])('%s=%s', (name, bad, allowed) => {
    expect(problems({ [name]: bad })).toEqual([`${name} must be ${allowed}`])
  })

  test('bounds the wrong way round are refused', () => {
    expect(problems({ LOCK_BUFFER_MIN_BPS: '20', LOCK_BUFFER_MAX_BPS: '10' })).toEqual([
      'LOCK_BUFFER_MIN_BPS must not be above LOCK_BUFFER_MAX_BPS',
    ])
  })

  test('several at once give a line each', () => {
    expect(problems({ PORT: 'x', ROLE: 'y', SANDBOX_TIME_SCALE: 'z' })).toEqual([
      'PORT must be a whole number from 0 to 65535',
      'ROLE must be one of api, worker, all',
      'SANDBOX_TIME_SCALE must be a number from 0 to 10',
    ])
    expect(() => loadConfig({ PORT: 'x', ROLE: 'y' })).toThrow(/^PORT .*\nROLE .*$/)
  })

  test('the bounds themselves are allowed', () => {
    expect(loadConfig({ PORT: '0', DATABASE_POOL: '200', SANDBOX_TIME_SCALE: '0.01' })).toMatchObject({
      PORT: 0,
      DATABASE_POOL: 200,
      SANDBOX_TIME_SCALE: 0.01,
    })
  })
})

describe('open access stays on one machine', () => {
  test.each([
    [{ AUTH_MODE: 'open', DATABASE_URL: POSTGRES }, ['with DATABASE_URL']],
    [{ HOST: '0.0.0.0' }, ['on HOST=0.0.0.0']],
    [{ HOST: '::' }, ['on HOST=::']],
    [{ HOST: '192.168.1.4' }, ['on HOST=192.168.1.4']],
    [{ HOST: '127.0.0.1.example.com' }, ['on HOST=127.0.0.1.example.com']],
    [{ AUTH_MODE: 'open', NODE_ENV: 'production' }, ['in production']],
    [{ NODE_ENV: 'production' }, ['in production']],
    [
      { AUTH_MODE: 'open', DATABASE_URL: POSTGRES, HOST: '0.0.0.0', NODE_ENV: 'production' },
      ['with DATABASE_URL', 'on HOST=0.0.0.0', 'in production'],
    ],
  ])('%j is refused, and told how to go on', (env: Record<string, string>, reasons) => {
    const lines = problems(env).filter((line) => line.startsWith('AUTH_MODE'))
    expect(lines).toHaveLength(reasons.length)
    for (const [index, reason] of reasons.entries()) {
      expect(lines[index]).toStartWith(`AUTH_MODE=open lets everyone in and is refused ${reason}: `)
      expect(lines[index]).toEndWith('set AUTH_MODE=required')
    }
  })

  test.each(['127.0.0.1', '127.0.0.2', '::1', '[::1]', 'localhost'])('%s is this machine', (HOST) => {
    expect(loadConfig({ HOST }).AUTH_MODE).toBe('open')
  })

  test.each([
    '*',
    '0',
    '[::]',
    '10.0.0.1',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '128.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:0.0.0.0',
    'fe80::1',
    'localhost.',
    'localhost.example.com',
    'my-machine',
    'example.com',
  ])('%s may be another, and is refused without keys', (HOST) => {
    const line = `AUTH_MODE=open lets everyone in and is refused on HOST=${HOST}: bind 127.0.0.1 or set AUTH_MODE=required`
    expect(problems({ HOST })).toEqual([line])
    expect(problems({ HOST, NODE_ENV: 'test' })).toEqual([line])
    expect(problems({ HOST, AUTH_MODE: 'required' })).toEqual([])
  })

  test('of every combination only the embedded database on this machine, and not in production, is open', () => {
    const grid = [undefined, 'open', 'required'].flatMap((AUTH_MODE) =>
      [undefined, POSTGRES].flatMap((DATABASE_URL) =>
        ['127.0.0.1', '0.0.0.0'].flatMap((HOST) =>
          ['development', 'test', 'production'].flatMap((NODE_ENV) =>
            ['all', 'api', 'worker'].map((ROLE) => ({ AUTH_MODE, DATABASE_URL, HOST, NODE_ENV, ROLE })),
          ),
        ),
      ),
    )
    const opened = grid.filter((env) => {
      const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value)) as Record<
        string,
        string
      >
      return problems(given).length === 0 && loadConfig(given).AUTH_MODE === 'open'
    })
    expect(opened).toEqual(
      [undefined, 'open'].flatMap((AUTH_MODE) =>
        ['development', 'test'].map((NODE_ENV) => ({
          AUTH_MODE,
          DATABASE_URL: undefined,
          HOST: '127.0.0.1',
          NODE_ENV,
          ROLE: 'all',
        })),
      ),
    )
  })

  test('with a database of one’s own, keys are required unless said otherwise', () => {
    expect(loadConfig({ DATABASE_URL: POSTGRES }).AUTH_MODE).toBe('required')
    const production = {
      DATABASE_URL: POSTGRES,
      HOST: '0.0.0.0',
      NODE_ENV: 'production',
      PROVIDERS: 'sandbox',
    }
    expect(loadConfig(production).AUTH_MODE).toBe('required')
  })
})

test.each(['api', 'worker'])('ROLE=%s without a database that the other half reaches is refused', (ROLE) => {
  expect(problems({ ROLE })).toEqual([
    `ROLE=${ROLE} is half of the program, and nobody else reaches the embedded database: set DATABASE_URL`,
  ])
  expect(problems({ ROLE, DATABASE_URL: POSTGRES })).toEqual([])
})

test('a pooler needs a way past it, and a way past it a pooler', () => {
  const direct = { DATABASE_DIRECT_URL: POSTGRES }
  expect(problems({ DATABASE_URL: POSTGRES, DATABASE_POOLER: 'transaction' })).toEqual([
    'DATABASE_POOLER=transaction lends no connection for long enough to migrate: set DATABASE_DIRECT_URL too',
  ])
  expect(problems(direct)).toEqual([
    'DATABASE_DIRECT_URL goes past the pooler of DATABASE_URL: set DATABASE_URL too',
  ])
  expect(problems({ DATABASE_URL: POSTGRES, DATABASE_POOLER: 'transaction', ...direct })).toEqual([])
  expect(problems({ DATABASE_URL: POSTGRES, DATABASE_DIRECT_URL: 'mysql://x:hunter2@y/z' })).toEqual([
    'DATABASE_DIRECT_URL must be a URL that starts with postgres:// or postgresql://',
  ])
})

describe('production refuses what is only for development, and says what to set', () => {
  const PRODUCTION = {
    NODE_ENV: 'production',
    PROVIDERS: 'sandbox',
    DATABASE_URL: POSTGRES,
    HOST: '0.0.0.0',
  }
  const withPassword = (password: string, user = 'app') => ({
    DATABASE_URL: `postgres://${user}:${password}@db.internal:5432/ratelock`,
  })

  test('a plain production environment is accepted, on any address and in every role', () => {
    for (const ROLE of ['all', 'api', 'worker']) expect(problems({ ...PRODUCTION, ROLE })).toEqual([])
  })

  test('the embedded database', () => {
    expect(problems({ NODE_ENV: 'production', PROVIDERS: 'sandbox', AUTH_MODE: 'required' })).toEqual([
      'The embedded database is refused in production: set DATABASE_URL',
    ])
  })

  test.each([
    'postgres',
    'password',
    'ratelock',
    'changeme',
    'change-me',
    'Secret',
    '123456',
    'xxxx',
    'your-password',
  ])('a database password that everybody guesses: %s', (password) => {
    const lines = ['DATABASE_URL has a password that everybody guesses: set one of your own']
    expect(problems({ ...PRODUCTION, ...withPassword(password) })).toEqual(lines)
    expect(problems(withPassword(password))).toEqual([])
  })

  test('a database password that is the name of its user', () => {
    expect(problems({ ...PRODUCTION, ...withPassword('payments', 'payments') })).toHaveLength(1)
  })

  test.each(['7f1c9d20aa', 'correct-horse', 'p%25word', 'passwords-are-long'])(
    'a database password of one’s own is accepted: %s',
    (password) => {
      expect(problems({ ...PRODUCTION, ...withPassword(password) })).toEqual([])
    },
  )

  test('a database without a password is accepted: its server knows the caller otherwise', () => {
    expect(problems({ ...PRODUCTION, DATABASE_URL: 'postgres:///db?host=/run/postgres' })).toEqual([])
  })

  test('a placeholder instead of a key, for every setting that holds one', () => {
    const secrets = Object.entries(Environment.properties)
      .filter(([name, { type }]) => type === 'string' && /(KEY|SECRET|TOKEN|PASSWORD)$/.test(name))
      .map(([name]) => name)
    expect(secrets).toContain('ANTHROPIC_API_KEY')
    for (const name of secrets) {
      const line = `${name} holds a placeholder: set the key, or leave it out`
      for (const placeholder of ['changeme', 'your-api-key', 'xxx', 'test'])
        expect(problems({ ...PRODUCTION, [name]: placeholder })).toEqual([line])
      expect(problems({ ...PRODUCTION, [name]: 'sk-ant-8a7f0c' })).toEqual([])
    }
  })

  test('a source or a model that is asked in clear over a network', () => {
    for (const name of Object.keys(Environment.properties).filter((each) => /_URL(_|$)/.test(each))) {
      if (name.startsWith('DATABASE_')) continue
      expect(problems({ ...PRODUCTION, [name]: 'http://rates.internal/latest' })).toEqual([
        `${name} is asked without encryption, which production refuses: set an https:// URL`,
      ])
      expect(problems({ ...PRODUCTION, [name]: 'http://127.0.0.1:4010/latest' })).toEqual([])
      expect(problems({ ...PRODUCTION, [name]: 'https://rates.internal/latest' })).toEqual([])
    }
  })

  test.each([
    ['LOG_LEVEL', 'debug', 'LOG_LEVEL=debug tells too much and is refused in production: set info or less'],
    ['LOG_LEVEL', 'trace', 'LOG_LEVEL=trace tells too much and is refused in production: set info or less'],
    [
      'MARKET_DATA',
      'sample',
      'MARKET_DATA=sample quotes rates that nobody pays and is refused in production: set live',
    ],
    [
      'SANDBOX_FAULTS',
      'refuse:0.02',
      'SANDBOX_FAULTS makes payments fail and is refused in production: leave it out',
    ],
  ])('%s=%s', (name, value, line) => {
    expect(problems({ ...PRODUCTION, [name]: value })).toEqual([line])
    expect(problems({ DATABASE_URL: POSTGRES, [name]: value })).toEqual([])
  })

  test('everything at once gives a line for each, and none repeats a secret', () => {
    const lines = problems({
      ...PRODUCTION,
      ...withPassword('hunter2hunter2', 'hunter2hunter2'),
      AUTH_MODE: 'open',
      LOG_LEVEL: 'trace',
      FX_API_KEY: 'changeme',
      FX_URL: 'http://rates.internal/?key=sesame',
    })
    expect(lines).toHaveLength(7)
    expect(lines.join('\n')).not.toMatch(/hunter2|changeme|sesame|internal/)
  })
})

describe('callers are limited', () => {
  const limits = (env: Record<string, string>) => {
    const { RATE_LIMIT_PER_KEY, RATE_LIMIT_PER_ACCOUNT, RATE_LIMIT_PER_ADDRESS } = loadConfig(env)
    return [RATE_LIMIT_PER_KEY, RATE_LIMIT_PER_ACCOUNT, RATE_LIMIT_PER_ADDRESS]
  }

  test('wherever keys are needed, beyond 100 costly requests a second with one key', () => {
    const [key = 0, account = 0, address = 0] = limits({ DATABASE_URL: POSTGRES })
    expect(key).toBeGreaterThan(100 * 5 * 60)
    expect(account).toBeGreaterThan(key)
    expect(address).toBeGreaterThan(account)
    expect(limits({ AUTH_MODE: 'required' })).toEqual([key, account, address])
  })

  test('in the open mode only when asked for, and nowhere when they are 0', () => {
    expect(limits({})).toEqual([0, 0, 0])
    expect(limits({ RATE_LIMIT_PER_ACCOUNT: '10' })).toEqual([0, 10, 0])
    expect(
      limits({
        DATABASE_URL: POSTGRES,
        RATE_LIMIT_PER_KEY: '3',
        RATE_LIMIT_PER_ACCOUNT: '0',
        RATE_LIMIT_PER_ADDRESS: '7',
      }),
    ).toEqual([3, 0, 7])
  })
})

describe('what is in DATABASE_URL is not shown', () => {
  test.each([
    'mysql://ratelock:hunter2@db/ratelock',
    'ratelock:hunter2@db/ratelock',
    'postgres://ratelock:hunter2@db:99999999/ratelock',
    'postgres://ratelock:hunter2@d b/ratelock',
    'postgres://ratelock:hunter2#x@db/ratelock',
  ])('%s', (DATABASE_URL) => {
    expect(problems({ DATABASE_URL })).toEqual([
      'DATABASE_URL must be a URL that starts with postgres:// or postgresql://',
    ])
  })

  test('nor is it when it is fine and something else is wrong', () => {
    const lines = problems({ DATABASE_URL: POSTGRES, AUTH_MODE: 'open', HOST: '0.0.0.0' })
    expect(lines).toHaveLength(2)
    expect(lines.join('\n')).not.toMatch(/hunter2|db\.internal/)
    expect(problems({ DATABASE_URL: POSTGRES, PORT: 'x' }).join('\n')).not.toContain('hunter2')
  })

  test.each([POSTGRES, 'postgresql://u:p@localhost/db?sslmode=require', 'postgres:///db?host=/run/postgres'])(
    '%s is accepted',
    (DATABASE_URL) => {
      expect(loadConfig({ DATABASE_URL }).DATABASE_URL).toBe(DATABASE_URL)
    },
  )
})

test('a bad SANDBOX_FAULTS stops the start before a database is touched', () => {
  expect(() => loadConfig({ SANDBOX_FAULTS: 'explode:1' })).toThrow(
    /^SANDBOX_FAULTS must give refuse, busy, fail, .+$/,
  )
})

describe('PROVIDERS', () => {
  test('must be set in production, where a sandbox that plays would be a surprise', () => {
    const production = { DATABASE_URL: POSTGRES, NODE_ENV: 'production' }
    expect(problems(production)).toEqual([expect.stringMatching(/^PROVIDERS must be set in production: /)])
    expect(loadConfig({ ...production, PROVIDERS: 'sandbox' }).PROVIDERS).toBe('sandbox')
  })

  test('and the wallets are checked before anything is started', () => {
    expect(problems({ PROVIDERS: 'acme' })).toEqual([expect.stringMatching(/^PROVIDERS must name /)])
    expect(problems({ SETTLEMENT_WALLETS: 'base:0x1' })).toEqual([
      expect.stringMatching(/^SETTLEMENT_WALLETS must give /),
    ])
  })
})
