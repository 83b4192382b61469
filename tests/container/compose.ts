import { join } from 'node:path'
import { ROOT } from './dockerfile.ts'

export interface Service {
  image?: string
  build?: string
  user?: string
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  networks?: string[]
  tmpfs?: string[]
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  stop_grace_period?: string
}

export interface Compose {
  services: Record<string, Service>
  configs: Record<string, { file?: string }>
  networks: Record<string, { internal?: boolean } | null>
}

export const composeOf = (text: string): Compose => Bun.YAML.parse(text) as Compose

export const composeText: Promise<string> = Bun.file(join(ROOT, 'compose.yaml')).text()

/** `${NAME:?message}`, which ends with the message where the name is not set. */
const REQUIRED = /\$\{(\w+):\?[^}]+\}/g

/** What Compose makes of a text; throws where it would end. */
export const interpolated = (text: string, given: Record<string, string>): string =>
  text.replace(REQUIRED, (_, name: string) => {
    const value = given[name]
    if (!value) throw new Error(`${name} is not set`)
    return value
  })

/** What is asked for besides, so that a text without any has no default in it and nothing that may be empty. */
export const withoutRequired = (text: string): string => text.replace(REQUIRED, '')
