const quoted = (text: string): string => `$'${[...text].map(shown).join('')}'`

const shown = (character: string): string => {
  if (/^[\x20-\x7e]$/.test(character)) return character.replace(/['\\]/, '\\$&')
  const bytes = Buffer.from(character.toWellFormed())
  return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

const MOST_BODY = 4_000

/** A request as a line for the shell, to send it again by hand. */
export const curlOf = (
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Uint8Array | null,
) => {
  const text = body === null || typeof body === 'string' ? body : Buffer.from(body).toString('latin1')
  return [
    'curl -i --path-as-is',
    `-X ${method}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(text === null ? [] : [`--data-binary ${quoted(text.slice(0, MOST_BODY))}`]),
    quoted(`http://127.0.0.1:3000${path}`),
  ].join(' ')
}
