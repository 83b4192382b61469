/** Controls and invisible formatting (bidi marks, zero width, tags), which can turn the text around them into another. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu

/** Untrusted text on one line of at most `most` characters, well-formed and without anything invisible. */
export const showable = (text: string, most: number): string =>
  [...text.replaceAll(/\s+/g, ' ').replaceAll(UNSHOWABLE, '')].slice(0, most).join('').trim()
