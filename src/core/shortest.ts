/** `units` times ten to the minus `scale` as the shortest exact decimal: "0.92049", "155.2", "1". Takes none below zero. */
export const shortestDecimal = (units: bigint, scale: number): string => {
  const digits = units.toString().padStart(scale + 1, '0')
  const fraction = digits.slice(-scale).replace(/0+$/, '')
  const whole = digits.slice(0, -scale)
  return fraction ? `${whole}.${fraction}` : whole
}
