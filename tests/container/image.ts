import { cp, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { allowedBy, commandOf, DOCKERFILE, environmentOf, ROOT, stagesOf, stepsNamed } from './dockerfile.ts'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const run = (command: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): string => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, options)
  if (exitCode !== 0) throw new Error(`${command.join(' ')}\n${stdout}\n${stderr}`)
  return stdout.toString()
}

/** The libraries that the base image brings; here they are this machine's. */
const librariesOf = (program: string): string[] =>
  [...run(['ldd', program]).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '')

/**
 * Carries out the Dockerfile's steps without Docker, in a temporary directory: what the last stage copies, and on Linux
 * the libraries that it needs. There is nothing else in `root`: no shell, no /tmp, no /etc.
 */
export const buildImage = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ratelock-image-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    return { ...(await buildIn(directory)), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

const buildIn = async (directory: string) => {
  const stages = stagesOf(await readFile(DOCKERFILE, 'utf8'))
  const allowed = allowedBy(await readFile(join(ROOT, '.dockerignore'), 'utf8')) ?? []
  const copy = async (from: string, to: string) => {
    await mkdir(dirname(to), { recursive: true })
    await cp(from, to, { recursive: true })
  }
  let root = ''
  for (const [index, stage] of stages.entries()) {
    root = join(directory, stage.name ?? `${index}`)
    let cwd = root
    for (const { keyword, words, text, flags } of stage.steps) {
      if (keyword === 'WORKDIR') cwd = join(root, text)
      await mkdir(cwd, { recursive: true })
      // The Bun that runs the tests stands for the base image's, which has the same version.
      if (keyword === 'RUN')
        run(['sh', '-c', text], {
          cwd,
          env: { ...process.env, PATH: `${dirname(process.execPath)}:${PATH}` },
        })
      if (keyword !== 'COPY') continue
      const to = words.at(-1) ?? ''
      const target = to.startsWith('/') ? join(root, to) : join(cwd, to)
      for (const source of words.slice(0, -1)) {
        if (!flags.from && !allowed.includes(source)) throw new Error(`${source} is not in .dockerignore`)
        const from = flags.from ? join(directory, flags.from, source) : join(ROOT, source)
        await copy(from, to.endsWith('/') ? join(target, source) : target)
      }
    }
  }
  const image = stages.at(-1)
  const entrypoint = commandOf(stepsNamed(image, 'ENTRYPOINT')[0]) ?? []
  const libraries = process.platform === 'linux' ? librariesOf(join(root, entrypoint[0] ?? '')) : []
  for (const library of libraries) await copy(await realpath(library), join(root, library))
  // Whatever umask this runs with: in an image everybody can read what is copied.
  run(['chmod', '-R', 'a+rX', root])
  return {
    root,
    libraries,
    entrypoint,
    healthcheck: commandOf(stepsNamed(image, 'HEALTHCHECK')[0]) ?? [],
    user: stepsNamed(image, 'USER')[0]?.text ?? '',
    environment: environmentOf(image),
  }
}

export type Image = Awaited<ReturnType<typeof buildImage>>

// As Docker does it: a mount namespace and a process namespace of its own, in which the program is process 1, and which
// has nothing to see but the image, which it cannot write. Only the network is the host's.
const CONTAINER = `
root=$1 user=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" --groups="\${user#*:}" "$root" "$@"`

const UNSHARE = ['unshare', '--mount', '--pid', '--fork', '--propagation=private']

const refusal = (): string | null => {
  if (process.platform !== 'linux') return 'only Linux has containers'
  if (process.getuid?.() !== 0) return 'not root, so no mounts'
  if (['unshare', 'setpriv', 'chroot', 'ldd'].some((tool) => !Bun.which(tool, { PATH })))
    return 'a tool is missing'
  const tried = Bun.spawnSync([...UNSHARE, 'mount', '-t', 'proc', 'proc', '/proc'])
  return tried.exitCode === 0 ? null : 'no namespaces of its own on this machine'
}

/** Why nothing can be run in a container here; null where it can. */
export const noContainers: string | null = refusal()

/** Starts a command in a container of the image, in its environment with these settings. */
export const startContainer = async (image: Image, command: string[], settings: Record<string, string>) => {
  for (const mountpoint of ['proc', 'dev']) await mkdir(join(image.root, mountpoint), { recursive: true })
  return Bun.spawn([...UNSHARE, 'sh', '-ec', CONTAINER, 'sh', image.root, image.user, ...command], {
    cwd: '/',
    env: { PATH, ...image.environment, ...settings },
    stdout: 'pipe',
    stderr: 'pipe',
  })
}

/** Runs a command in a container to its end. */
export const runInContainer = async (image: Image, command: string[], settings: Record<string, string>) => {
  const child = await startContainer(image, command, settings)
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}

/** Process 1 of a container, by the number that it has outside. */
export const firstProcessOf = async (container: Bun.Subprocess): Promise<number> =>
  Number((await readFile(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8')).trim())

/** Ends what a failed test left running. */
export const killContainer = async (container: Bun.Subprocess): Promise<void> => {
  // Not `unshare` alone: its child has changed its user since, and outlives it.
  const first = await firstProcessOf(container).catch(() => 0)
  if (first > 0) process.kill(first, 'SIGKILL')
  container.kill('SIGKILL')
  await container.exited
}
