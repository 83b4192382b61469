/** How the reader writes numbers, dates and amounts. */
export const LOCALE = navigator.language
