import type { Config } from './config.ts'

const half = (role: Config['ROLE']): Promise<unknown> => {
  process.env.ROLE = role
  return import('./main.ts')
}

/**
 * What the compiled program begins with: the service, or the command that is named. An image has no `bun run`, and its
 * database no port that a checkout could reach. Each is loaded only when asked for, so that a health check costs little.
 */
const COMMANDS: Record<string, () => Promise<unknown>> = {
  // The two halves of the service, where a platform starts one image with different arguments.
  api: () => half('api'),
  worker: () => half('worker'),
  migrate: () => import('./db/cli.ts'),
  healthcheck: async () => {
    const { isHealthy } = await import('./healthcheck.ts')
    process.exit((await isHealthy(process.env)) ? 0 : 1)
  },
  keys: () => import('./accounts/cli.ts'),
  providers: () => import('./providers/cli.ts'),
  'audit:verify': () => import('./audit/cli.ts'),
  reconcile: () => import('./reconcile/cli.ts'),
}

const name = process.argv[2]
if (name === undefined) await import('./main.ts')
else if (Object.hasOwn(COMMANDS, name)) {
  // The commands read what follows their name.
  process.argv.splice(2, 1)
  await COMMANDS[name]?.()
} else {
  console.error(
    `usage: ratelock [${Object.keys(COMMANDS).join(' | ')}]\nWithout a command it is the service.`,
  )
  process.exit(2)
}
