import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a server needs to speak TLS, in PEM. */
export interface Identity {
  cert: string
  key: string
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** A certificate authority of the test's own, and what it issues. Needs the `openssl` command. */
export const authority = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ratelock-ca-'))
  const openssl = (...args: string[]) => {
    const { exitCode, stderr } = Bun.spawnSync(['openssl', ...args], { cwd: dir })
    if (exitCode !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`)
  }
  const read = (name: string) => Bun.file(join(dir, name)).text()

  openssl('req', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test')
  let issued = 0

  /** A certificate for names such as `DNS:example.com,IP:127.0.0.1`, valid from now on for `days`. */
  const issue = async (names: string, days = 1): Promise<Identity> => {
    const [key, csr, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) => `${issued}.${end}`) as [
      string,
      string,
      string,
      string,
    ]
    issued++
    await Bun.write(join(dir, extensions), `subjectAltName=${names}`)
    openssl('req', ...KEY, '-keyout', key, '-out', csr, '-subj', '/CN=test')
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)]
    openssl('x509', '-req', '-in', csr, '-out', cert, ...by, '-extfile', extensions)
    return { cert: await read(cert), key: await read(key) }
  }

  return { ca: await read('ca.pem'), issue, remove: () => rm(dir, { recursive: true }) }
}
