import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import packageJson from '../../package.json'
import { Environment } from '../../src/environment.ts'
import {
  allowedBy,
  commandOf,
  DOCKERFILE,
  environmentOf,
  ROOT,
  type Stage,
  stagesOf,
  stepsNamed,
} from './dockerfile.ts'

const dockerfile = await Bun.file(DOCKERFILE).text()
const dockerignore = await Bun.file(join(ROOT, '.dockerignore')).text()

const SECRET = /KEY|SECRET|PASSWORD|TOKEN|DATABASE_URL|CREDENTIAL/i
const IN_THE_IMAGE = new Set(['COPY', 'ENV', 'USER', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT'])

const onlyIf = (condition: unknown, complaint: string): string[] => (condition ? [complaint] : [])

const aboutBases = (stages: readonly Stage[]): string[] => [
  ...onlyIf(stages.length < 2, 'what builds is in the image'),
  ...stages.flatMap(({ image }) => {
    const [, tag] = /:([\w.-]+)(?:@sha256:[0-9a-f]{64})?$/.exec(image) ?? []
    return onlyIf(!tag || tag === 'latest' || image.includes('$'), `${image} is not pinned`)
  }),
  ...onlyIf(
    !stages[0]?.image.startsWith(`oven/${packageJson.packageManager.replace('@', ':')}`),
    'another Bun builds than tests',
  ),
]

const aboutBuild = (build: Stage | undefined): string[] => {
  const runs = stepsNamed(build, 'RUN').map(({ text }) => text)
  return [
    ...onlyIf(
      !runs.some((run) => /^bun install .*--frozen-lockfile/.test(run)),
      'the lockfile is not what is installed',
    ),
    ...onlyIf(
      !runs.some((run) => /^bun install .*--omit=optional/.test(run)),
      'PostgreSQL for developers is installed',
    ),
    ...onlyIf(!runs.includes('bun run build'), 'it is not built as package.json says'),
  ]
}

const aboutImage = (image: Stage | undefined): string[] => {
  const environment = environmentOf(image)
  const [entrypoint, ...others] = stepsNamed(image, 'ENTRYPOINT')
  const [program, ...args] = commandOf(entrypoint) ?? []
  const [check] = stepsNamed(image, 'HEALTHCHECK')
  const copies = stepsNamed(image, 'COPY')
  return [
    ...(image?.steps ?? [])
      .filter(({ keyword }) => !IN_THE_IMAGE.has(keyword))
      .map(({ keyword }) => `the image has a ${keyword}`),
    ...onlyIf(
      copies.length !== 1 || !copies[0]?.flags.from || copies[0].words[1] !== program,
      'the image has more than the program, or less',
    ),
    ...onlyIf(!/^[1-9]\d*:[1-9]\d*$/.test(stepsNamed(image, 'USER').at(-1)?.text ?? ''), 'it may be root'),
    ...onlyIf(!program || others.length > 0 || args.length > 0, 'the program is not what gets the signals'),
    ...onlyIf(
      stepsNamed(image, 'STOPSIGNAL').some(({ text }) => text !== 'SIGTERM'),
      'it stops by another signal',
    ),
    ...onlyIf(
      check?.words[0] !== 'CMD' || commandOf(check)?.join(' ') !== `${program} healthcheck`,
      'the health check is not the program’s own',
    ),
    ...onlyIf(environment.NODE_ENV !== 'production', 'it does not run as production'),
    ...onlyIf(environment.HOST !== '0.0.0.0', 'it cannot be reached from outside the container'),
    ...onlyIf(stepsNamed(image, 'EXPOSE')[0]?.text !== environment.PORT, 'it exposes another port'),
    ...Object.keys(environment)
      .filter((name) => !(name in Environment.properties))
      .map((name) => `no setting is called ${name}`),
  ]
}

const complaintsAbout = (text: string): string[] => {
  const stages = stagesOf(text)
  const steps = stages.flatMap((stage) => stage.steps)
  return [
    ...validate(text).map(({ range, message }) => `line ${range.start.line + 1}: ${message}`),
    ...aboutBases(stages),
    ...aboutBuild(stages[0]),
    ...aboutImage(stages.at(-1)),
    ...onlyIf(
      steps.some(({ keyword }) => keyword === 'ADD'),
      'ADD may fetch and unpack: COPY',
    ),
    ...onlyIf(
      steps.some(({ keyword, text }) => ['ENV', 'ARG'].includes(keyword) && SECRET.test(text)),
      'a secret stays readable in the image’s history',
    ),
  ]
}

describe('the Dockerfile', () => {
  test('keeps every promise of docs/docker.md, and a linter finds nothing', () => {
    expect(complaintsAbout(dockerfile)).toEqual([])
  })

  test.each([
    ['no tag', /:1\.4\.5-slim/, '', 'not pinned'],
    ['the tag latest', ':nonroot', ':latest', 'not pinned'],
    ['a base of the caller’s choice', 'base-nossl-debian13:nonroot', 'base:$TAG', 'not pinned'],
    ['another Bun', 'bun:1.4.5', 'bun:1.4.4', 'another Bun'],
    ['one stage', /\nFROM gcr.*\n/, '\n', 'what builds is in the image'],
    ['a lockfile that may change', ' --frozen-lockfile', '', 'the lockfile'],
    ['the embedded database', ' --omit=optional', '', 'PostgreSQL for developers'],
    ['a build of its own', 'bun run build', 'bun build src/main.ts', 'as package.json says'],
    ['no user', /USER.*\n/, '', 'may be root'],
    ['root', '65532:65532', '0:0', 'may be root'],
    ['a user by name', '65532:65532', 'nonroot', 'may be root'],
    ['root after all', 'EXPOSE', 'USER 0\nEXPOSE', 'may be root'],
    ['a shell around the program', 'ENTRYPOINT ["/ratelock"]', 'ENTRYPOINT /ratelock', 'gets the signals'],
    ['a signal that kills', 'STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGKILL', 'another signal'],
    [
      'a health check by curl',
      'CMD ["/ratelock", "healthcheck"]',
      'CMD curl -f localhost:3000',
      'health check',
    ],
    ['no health check', /HEALTHCHECK.*\n/, 'HEALTHCHECK NONE\n', 'health check'],
    ['development', 'NODE_ENV=production', 'NODE_ENV=development', 'as production'],
    ['loopback', 'HOST=0.0.0.0', 'HOST=127.0.0.1', 'cannot be reached'],
    ['a setting nobody reads', 'HOST=', 'HOSTNAME=x HOST=', 'no setting is called HOSTNAME'],
    ['another port', 'EXPOSE 3000', 'EXPOSE 80', 'another port'],
    ['a command in the image', 'EXPOSE', 'RUN ["/ratelock"]\nEXPOSE', 'has a RUN'],
    ['more than the program', 'EXPOSE', 'COPY --from=build /build /build\nEXPOSE', 'more than the program'],
    ['a file from the net', 'EXPOSE', 'ADD https://example.com/x /x\nEXPOSE', 'ADD may fetch'],
    ['a key', 'EXPOSE', 'ENV ANTHROPIC_API_KEY=sk\nEXPOSE', 'a secret stays'],
    ['a secret for the build', 'WORKDIR', 'ARG NPM_TOKEN\nWORKDIR', 'a secret stays'],
    ['what is no Dockerfile', 'WORKDIR', 'WORKDIRECTORY', 'Unknown instruction'],
  ] as const)('with %s would not', (_, part, instead, complaint) => {
    const broken = dockerfile.replace(part, instead)
    expect(broken).not.toBe(dockerfile)
    expect(complaintsAbout(broken).join('\n')).toContain(complaint)
  })
})

describe('.dockerignore', () => {
  const allowed = allowedBy(dockerignore)

  test('lists what gets into a build, all of which is needed', () => {
    const copied = stagesOf(dockerfile).flatMap((stage) =>
      stepsNamed(stage, 'COPY').flatMap(({ flags, words }) => (flags.from ? [] : words.slice(0, -1))),
    )
    expect(allowed?.toSorted()).toEqual(copied.toSorted())
    expect(allowed?.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('is no list of what stays out', () => {
    expect(allowedBy('node_modules\n.env\n')).toBeNull()
    expect(allowedBy('*\n!src\nsrc/demo\n')).toBeNull()
  })
})
