/** What a table says of a word that came from outside: only its own entries, so that `constructor` is none. */
export const ownEntry = <T extends object>(table: T, word: string): T[keyof T] | undefined =>
  Object.hasOwn(table, word) ? table[word as keyof T] : undefined
