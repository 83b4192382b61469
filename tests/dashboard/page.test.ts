import { describe, expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import { bundlePage } from '../../src/dashboard/bundle.ts'
import { dashboardRoutes } from '../../src/dashboard/routes.ts'

const MOST_SCRIPT_BYTES = 100_000

const files = await bundlePage({ keyNeeded: false })
const app = new Elysia().use(dashboardRoutes(files))
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://localhost${path}`, { headers }))
const page = await (await get('/')).text()
const pathOf = (ending: string) => files.find(({ path }) => path.endsWith(ending))?.path ?? ''

describe('the page as it is sent', () => {
  test('nothing in it comes from another host, and nothing in it is a script of its own', () => {
    const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address)
    expect(addresses.length).toBeGreaterThan(2)
    for (const address of addresses) expect(address).toMatch(/^(\.\/[\w.-]+|data:image\/svg\+xml,.*)$/)
    expect(page.replaceAll(/<script[^>]*src="[^"]+"[^>]*><\/script>/g, '')).not.toMatch(
      /<script| on\w+=|<style/,
    )
  })

  test('its policy lets it load from here and call here, and lets nobody frame it', async () => {
    const { headers } = await get('/')
    const policy = headers.get('content-security-policy') ?? ''
    for (const part of [
      "default-src 'none'",
      "script-src 'self';",
      "connect-src 'self'",
      "frame-ancestors 'none'",
    ])
      expect(policy).toContain(part)
    expect(policy).not.toContain('unsafe')
    expect(headers.get('cache-control')).toBe('no-cache')
  })

  test('its script is less than 100 KB on the way', async () => {
    const response = await get(pathOf('.js'), { 'accept-encoding': 'br, gzip' })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect((await response.arrayBuffer()).byteLength).toBeLessThan(MOST_SCRIPT_BYTES)
  })

  test.each(['gzip;q=0', 'br', ''])('whoever says %p gets it as it is', async (accepted) => {
    const response = await get(pathOf('.js'), { 'accept-encoding': accepted })
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(response.headers.get('vary')).toBe('accept-encoding')
    expect(await response.text()).toContain('Get a quote')
  })

  test('script and style are kept for ever, because their names change with them', async () => {
    for (const path of [pathOf('.js'), pathOf('.css')]) {
      expect(path).toMatch(/^\/[\w-]+-[0-9a-z]{8}\.(js|css)$/)
      expect((await get(path)).headers.get('cache-control')).toContain('immutable')
    }
  })

  test('it asks for a key at once where one is needed, without a call in vain', async () => {
    const [needed] = (await bundlePage({ keyNeeded: true })).filter(({ path }) => path === '/')
    expect(new TextDecoder().decode(needed?.plain)).toContain('data-key="needed"')
    expect(page).not.toContain('data-key')
  })
})
