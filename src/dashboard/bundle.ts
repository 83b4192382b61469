import { basename } from 'node:path'
import page from './page/index.html'

/** One file of the page as it is sent. */
export interface PageFile {
  /** Where it is served; the page itself is at `/`, and the others have a hash of their content in their name. */
  path: string
  type: string
  plain: Uint8Array<ArrayBuffer>
  gzip: Uint8Array<ArrayBuffer>
}

interface Part {
  name: string
  type: string
  body: Blob
}

/** A compiled program carries the page's files; they were bundled when it was. */
const carried = (): Part[] | null =>
  page.files?.map(({ path, headers }) => ({
    name: basename(path),
    type: headers['content-type'],
    body: Bun.file(path),
  })) ?? null

const built = async (): Promise<Part[]> => {
  const { outputs } = await Bun.build({
    entrypoints: [page.index],
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    naming: { entry: '[name]-[hash].[ext]', chunk: '[name]-[hash].[ext]', asset: '[name]-[hash].[ext]' },
  })
  return outputs.map((output) => ({ name: basename(output.path), type: output.type, body: output }))
}

/** Told in the page itself, so that it does not have to call in vain to learn that it needs a key. */
const withKeyNote = (html: string): string =>
  html.replace('<div id="app">', '<div id="app" data-key="needed">')

const toFile =
  (keyNeeded: boolean) =>
  async ({ name, type, body }: Part): Promise<PageFile> => {
    const isPage = type.startsWith('text/html')
    const text = await body.text()
    const plain = new TextEncoder().encode(isPage && keyNeeded ? withKeyNote(text) : text)
    return { path: isPage ? '/' : `/${name}`, type, plain, gzip: Bun.gzipSync(plain, { level: 9 }) }
  }

/**
 * The page with its script and its style: carried by a compiled program, else bundled now, which takes some 25 ms.
 * `keyNeeded` makes it begin by asking for an API key.
 */
export const bundlePage = async ({ keyNeeded }: { keyNeeded: boolean }): Promise<PageFile[]> =>
  Promise.all((carried() ?? (await built())).map(toFile(keyNeeded)))
