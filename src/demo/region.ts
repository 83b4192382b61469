/** A place at the bottom of a terminal that is drawn again and again. */
export interface Region {
  /** Replaces what the region shows. Lines must fit the terminal's width. */
  draw(lines: readonly string[]): void
  /** Leaves what the region shows where it is; the next drawing starts below. */
  keep(): void
  /** Shows the cursor again. */
  close(): void
}

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_TO_END_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
const up = (lines: number): string => (lines > 0 ? `\x1b[${lines}A` : '')

/** A region on a terminal that is reached through `write`. Each drawing is one write, so that nothing flickers. */
export const createRegion = (write: (text: string) => void): Region => {
  let height = 0
  write(HIDE_CURSOR)
  return {
    draw: (lines) => {
      const text = lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}\n`).join('')
      write(`\r${up(height)}${text}${CLEAR_BELOW}`)
      height = lines.length
    },
    keep: () => {
      height = 0
    },
    close: () => write(SHOW_CURSOR),
  }
}
