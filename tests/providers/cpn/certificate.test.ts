import { expect, test } from 'bun:test'
import { isTrusted, readCertificate } from '../../../src/providers/cpn/certificate.ts'
import type { Jwk } from '../../../src/providers/cpn/model.ts'
import { AUTHORITY_PEM, BFI_DOMAIN, BFI_PEM } from './certificates.ts'

const certified = readCertificate(BFI_PEM)
const { x = '', y = '' } = certified.publicKey.export({ format: 'jwk' })
const jwk: Jwk = { kty: 'EC', crv: 'P-256', x, y }
const given = { certPem: Buffer.from(BFI_PEM).toString('base64'), domain: BFI_DOMAIN, jwk }
const authority = readCertificate(AUTHORITY_PEM)
const NOW_MS = 1_800_000_000_000

test('a key is trusted while its certificate is valid, and in the name that it is for', () => {
  const at = (nowMs: number) => isTrusted(given, [authority], nowMs)
  const [from, to] = [Date.parse(certified.validFrom), Date.parse(certified.validTo)]
  expect([at(from - 1), at(from), at(NOW_MS), at(to - 1), at(to)]).toEqual([false, true, true, true, false])
  expect(isTrusted({ ...given, domain: 'example' }, [authority], NOW_MS)).toBe(false)
  expect(isTrusted({ ...given, jwk: { ...jwk, y: x } }, [authority], NOW_MS)).toBe(false)
})

test('a certificate must be issued by one of the authorities, if there are any', () => {
  const stranger = readCertificate(BFI_PEM)
  expect(
    [[], [authority], [stranger, authority], [stranger]].map((each) => isTrusted(given, each, NOW_MS)),
  ).toEqual([true, true, true, false])
})
