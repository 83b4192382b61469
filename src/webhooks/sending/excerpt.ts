const MOST_CHARACTERS = 256

const MOST_UNREADABLE = 0.1

/** Controls and invisible formatting, which can turn the text around it into something else, and half characters. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu

/**
 * The start of an answer's text on one line, at most 256 UTF-16 units, fit to be stored and shown: without controls and
 * well-formed. Null when there is no text, or when it is packed or otherwise binary.
 */
export const excerptOf = (start: Uint8Array, contentEncoding: string | null): string | null => {
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') return null
  if (start.includes(0)) return null
  // Streaming, so that a character which the bound cut in half is left out.
  const decoded = new TextDecoder().decode(start, { stream: true })
  const unreadable = decoded.split('\u{FFFD}').length - 1
  if (unreadable > decoded.length * MOST_UNREADABLE) return null
  const text = decoded.replaceAll(/\s+/g, ' ').replaceAll(UNSHOWABLE, '').trim()
  return text.slice(0, MOST_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '') || null
}
