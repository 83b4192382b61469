import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { useMedia } from '../lib/media.ts'
import { Scroll } from './scroll.tsx'

export interface Series {
  label: string
  /** The name of a colour of the style sheet, such as `accent`. */
  colour: string
  kind: 'line' | 'steps' | 'bars'
  values: readonly (number | null)[]
}

interface ChartProps {
  /** What it shows and what comes out of it, for those who do not see it. */
  label: string
  /** Epoch seconds, rising. */
  at: readonly number[]
  series: readonly Series[]
  /** Writes a value of the axis. */
  format(value: number): string
  /** Writes an instant, epoch seconds. */
  instant(at: number): string
}

const HEIGHT = 240
const DAY_SECONDS = 86_400

const pathOf = (kind: Series['kind']): uPlot.Series.PathBuilder | undefined => {
  if (kind === 'bars') return uPlot.paths.bars?.({ size: [0.6, 48] })
  return kind === 'steps' ? uPlot.paths.stepped?.({ align: 1 }) : uPlot.paths.linear?.()
}

/** Room at both ends for half a bar, and around an only point for anything at all. */
const rangeOf = (at: readonly number[]): [number, number] => {
  const [first = 0, last = 0] = [at[0], at.at(-1)]
  const steps = at.slice(1).map((time, index) => time - (at[index] ?? time))
  const half = steps.length === 0 ? DAY_SECONDS : Math.min(...steps) / 2
  return [first - half, last + half]
}

/** Minor units, basis points and counts have nothing between one and the next. */
const WHOLE_STEPS = Array.from({ length: 15 }, (_, zeros) =>
  [1, 2, 5].map((step) => step * 10 ** zeros),
).flat()

/** An axis as wide as what is written on it, pixels. */
const widthOf = (_chart: uPlot, labels: string[] | null): number =>
  20 + 7.5 * Math.max(...(labels ?? []).map(({ length }) => length), 4)

const dataOf = (at: readonly number[], series: readonly Series[]): uPlot.AlignedData =>
  [[...at], ...series.map(({ values }) => [...values])] as uPlot.AlignedData

const draw = (box: HTMLElement, { at, series, format, instant }: ChartProps): uPlot => {
  const style = getComputedStyle(box)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const axis = {
    stroke: colour('quiet'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line'), width: 1 },
    font: '12px system-ui, sans-serif',
  }
  const options: uPlot.Options = {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { live: true },
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: true, range: (chart) => rangeOf([...(chart.data[0] ?? [])]) } },
    axes: [
      { ...axis, space: 120, values: (_chart, splits) => splits.map(instant) },
      { ...axis, size: widthOf, incrs: WHOLE_STEPS, values: (_chart, splits) => splits.map(format) },
    ],
    series: [
      { label: 'Time', value: (_chart, value) => (value === null ? '–' : instant(value)) },
      ...series.map(({ label, colour: name, kind }): uPlot.Series => {
        const paths = pathOf(kind)
        return {
          label,
          stroke: colour(name),
          width: 2,
          ...(kind === 'bars' ? { fill: colour(name) } : {}),
          ...(paths ? { paths } : {}),
          points: { show: (chart) => (chart.data[0]?.length ?? 0) < 2 },
          value: (_chart, value) => (value === null ? '–' : format(value)),
        }
      }),
    ],
  }
  return new uPlot(options, dataOf(at, series), box)
}

/** Values over time. The same stands in a table below it, for those who do not see it. */
export const Chart = (props: ChartProps) => {
  const { label, at, series, format, instant } = props
  const box = useRef<HTMLDivElement>(null)
  const dark = useMedia('(prefers-color-scheme: dark)')

  const chart = useRef<uPlot | null>(null)
  const shape = JSON.stringify(series.map((each) => [each.label, each.colour, each.kind]))
  // Made anew for other series and other colours; new values are put into the one that is there, under the cursor.
  useEffect(() => {
    const element = box.current
    if (!element) return
    const made = draw(element, props)
    chart.current = made
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    sizes.observe(element)
    return () => {
      sizes.disconnect()
      made.destroy()
    }
  }, [shape, dark])
  useEffect(() => chart.current?.setData(dataOf(at, series)), [at, series])

  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={label} />
      <details>
        <summary>As a table</summary>
        <Scroll class="short" label={`${label}, as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map((each) => (
                  <th key={each.label} scope="col" class="right">
                    {each.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {at.map((time, index) => (
                <tr key={time}>
                  <td>{instant(time)}</td>
                  {series.map((each) => {
                    const value = each.values[index]
                    return (
                      <td key={each.label} class="right">
                        {value === null || value === undefined ? '–' : format(value)}
                      </td>
                    )
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </figure>
  )
}
