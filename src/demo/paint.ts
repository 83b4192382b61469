type Style = (text: string) => string

/** Roles that text can have on the screen. */
export interface Paint {
  bold: Style
  dim: Style
  good: Style
  bad: Style
  accent: Style
}

const wrap =
  (open: number, close: number): Style =>
  (text) =>
    `\x1b[${open}m${text}\x1b[${close}m`
const plain: Style = (text) => text

/** Colours for a terminal. */
export const COLOURS: Paint = {
  bold: wrap(1, 22),
  dim: wrap(2, 22),
  good: wrap(32, 39),
  bad: wrap(31, 39),
  accent: wrap(36, 39),
}

/** The same words without any, for NO_COLOR and for pipes. */
export const NO_COLOURS: Paint = { bold: plain, dim: plain, good: plain, bad: plain, accent: plain }
