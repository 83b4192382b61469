import { type Config, ConfigError } from './config.ts'
import type { Fiat } from './core/currency.ts'
import type { Rate } from './core/rate.ts'
import type { AdapterDeps } from './providers/adapter.ts'
import type { Inbound, Provider } from './providers/port.ts'
import { parseFaults } from './providers/sandbox/faults.ts'
import { createSandboxFleet } from './providers/sandbox/fleet.ts'
import { type ProviderName, parseProviders, parseWallets, type Wallets } from './providers/settings.ts'

/** What providers stand on; the sandboxes drift around the market's mid. */
export interface FleetDeps extends Omit<AdapterDeps, 'wallets'> {
  mid(currency: Fiat): Rate
}

/** Makes the providers that the configuration names. */
export type Fleet = (deps: FleetDeps) => Provider[]

/** What one name of PROVIDERS comes to. */
interface Member {
  /** One line for each setting that is missing or wrong; none repeats a value. */
  problems: readonly string[]
  /** Whether no real money moves there. */
  sandbox: boolean
  make(deps: FleetDeps, adapterDeps: AdapterDeps): readonly Provider[]
}

const incomplete = (problems: readonly string[]): Member => ({ problems, sandbox: true, make: () => [] })

const sandbox = (config: Config): Member => ({
  problems: [],
  sandbox: true,
  make: ({ sql, clock, mid }) =>
    createSandboxFleet({
      sql,
      clock,
      seed: config.SANDBOX_SEED,
      timeScale: config.SANDBOX_TIME_SCALE,
      faults: parseFaults(config.SANDBOX_FAULTS),
      mid,
    }),
})

const withInbound = (provider: Provider, inbound: Inbound | null): readonly Provider[] => [
  inbound ? { ...provider, inbound } : provider,
]

const circle = async (config: Config): Promise<Member> => {
  const { circleSettings } = await import('./providers/circle/settings.ts')
  const { settings, problems } = circleSettings(config)
  if (!settings) return incomplete(problems.length > 0 ? problems : ['CIRCLE_API_KEY must be set for circle'])
  const { createCircle } = await import('./providers/circle/adapter.ts')
  return {
    problems,
    sandbox: settings.sandbox,
    make: (_deps, adapterDeps) => [createCircle(adapterDeps, settings)],
  }
}

const cpn = async (config: Config): Promise<Member> => {
  const { cpnSettings } = await import('./providers/cpn/settings.ts')
  const { settings, problems } = cpnSettings(config)
  if (!settings) return incomplete(problems.length > 0 ? problems : ['CPN_API_KEY must be set for cpn'])
  const { createCpn } = await import('./providers/cpn/adapter.ts')
  const { createCircleInbound } = await import('./providers/circle/inbound.ts')
  const { baseUrl, apiKey, sandbox } = settings
  return {
    problems,
    sandbox,
    make: (deps) => {
      const { clock } = deps
      const deadlineMs = config.PROVIDER_DEADLINE_MS
      return withInbound(
        createCpn(deps, settings),
        createCircleInbound({ baseUrl, apiKey, clock, deadlineMs }),
      )
    },
  }
}

const bridge = async (config: Config): Promise<Member> => {
  const { bridgeSettings } = await import('./providers/bridge/settings.ts')
  const { settings, problems } = bridgeSettings(config)
  if (!settings) return incomplete(problems.length > 0 ? problems : ['BRIDGE_API_KEY must be set for bridge'])
  const { createBridge } = await import('./providers/bridge/adapter.ts')
  const { createBridgeInbound } = await import('./providers/bridge/inbound.ts')
  const publicKey = config.BRIDGE_WEBHOOK_PUBLIC_KEY?.replaceAll('\\n', '\n')
  const inbound = ({ clock }: Pick<FleetDeps, 'clock'>) =>
    publicKey ? createBridgeInbound({ publicKey, clock }) : null
  try {
    inbound({ clock: { now: () => 0 } })
  } catch {
    return incomplete(['BRIDGE_WEBHOOK_PUBLIC_KEY must be an RSA public key in PEM'])
  }
  return {
    problems,
    sandbox: settings.sandbox,
    make: (deps, adapterDeps) => withInbound(createBridge(settings, adapterDeps), inbound(deps)),
  }
}

const coinbase = async (config: Config): Promise<Member> => {
  const { coinbaseSettings } = await import('./providers/coinbase/settings.ts')
  const { settings, problems } = coinbaseSettings(config)
  if (!settings)
    return incomplete(problems.length > 0 ? problems : ['COINBASE_API_KEY_ID must be set for coinbase'])
  const { createCoinbase } = await import('./providers/coinbase/adapter.ts')
  const { createCoinbaseInbound } = await import('./providers/coinbase/inbound.ts')
  const { COINBASE_WEBHOOK_SECRET: secret } = config
  return {
    problems,
    sandbox: settings.sandbox,
    make: ({ clock }, adapterDeps) =>
      withInbound(
        createCoinbase(adapterDeps, settings),
        secret ? createCoinbaseInbound({ secret, clock }) : null,
      ),
  }
}

/** What carries USDC on from where providers deliver it, to the chains that they do not serve. */
interface Carriage {
  problems: readonly string[]
  over(providers: readonly Provider[], deps: AdapterDeps): readonly Provider[]
}

const NO_CARRIAGE: Carriage = { problems: [], over: (providers) => providers }

const cctp = async (config: Config, wallets: Wallets, playing: boolean): Promise<Carriage> => {
  if (config.CCTP_PRIVATE_KEY === undefined) return NO_CARRIAGE
  const { cctpSettings } = await import('./providers/cctp/settings.ts')
  const { settings, problems } = cctpSettings(config, wallets)
  if (!settings) return { ...NO_CARRIAGE, problems }
  const { rail, home } = settings
  if (playing !== (rail.network === 'testnet')) {
    const fit = 'CCTP_NETWORK must be mainnet where PROVIDERS move real money, and testnet where they play'
    return { ...NO_CARRIAGE, problems: [fit] }
  }
  const { createRail } = await import('./providers/cctp/rail.ts')
  const { overCctp } = await import('./providers/cctp/adapter.ts')
  return {
    problems,
    over: (providers, deps) => {
      const shared = createRail(deps, rail)
      return providers.map((provider) =>
        provider.capabilities.onramp?.chains.includes(home) ? overCctp(provider, shared, { home }) : provider,
      )
    },
  }
}

const MEMBERS: Record<ProviderName, (config: Config) => Member | Promise<Member>> = {
  sandbox,
  circle,
  cpn,
  bridge,
  coinbase,
}

/** The variable that turns each on, so that a key is never set in vain. */
const KEYS = {
  circle: 'CIRCLE_API_KEY',
  cpn: 'CPN_API_KEY',
  bridge: 'BRIDGE_API_KEY',
  coinbase: 'COINBASE_API_KEY_ID',
} as const satisfies Partial<Record<ProviderName, keyof Config>>

const unnamed = (config: Config, names: readonly string[]): string[] =>
  Object.entries(KEYS)
    .filter(([name, key]) => config[key] !== undefined && !names.includes(name))
    .map(([name, key]) => `${key} is set, but PROVIDERS does not name ${name}`)

/**
 * Reads which providers there are. Adapters are loaded only when they are named, for what some of them stand on takes
 * long to load. Throws ConfigError with a line for each setting that is missing or wrong.
 */
export const readFleet = async (config: Config): Promise<Fleet> => {
  const names = parseProviders(config.PROVIDERS)
  const wallets = parseWallets(config.SETTLEMENT_WALLETS)
  const members = await Promise.all(names.map((name) => MEMBERS[name](config)))
  const playing = members.every((member) => member.sandbox)
  const carriage = await cctp(config, wallets, playing)
  const problems = [...unnamed(config, names), ...[...members, carriage].flatMap((each) => each.problems)]
  if (problems.length === 0 && new Set(members.map((member) => member.sandbox)).size > 1)
    problems.push(
      'PROVIDERS must all move real money or all play: sandboxes and test keys cannot stand beside live keys',
    )
  if (problems.length > 0) throw new ConfigError(problems)
  return (deps) => {
    const adapterDeps = { ...deps, wallets }
    return [
      ...carriage.over(
        members.flatMap((member) => member.make(deps, adapterDeps)),
        adapterDeps,
      ),
    ]
  }
}
