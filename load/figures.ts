/** The value below which `percent` percent of the values lie, by nearest rank. Throws RangeError without values. */
export const percentile = (values: readonly number[], percent: number): number => {
  const rank = Math.max(0, Math.ceil((percent / 100) * values.length) - 1)
  const value = values.toSorted((a, b) => a - b)[rank]
  if (value === undefined) throw new RangeError('there are no values')
  return value
}
