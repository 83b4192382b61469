import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Scroll } from './scroll.tsx'
import type { Column } from './table.tsx'

/** Rows that are drawn above and below those that can be seen, so that scrolling shows no gap. */
const BEYOND = 6
/** Rows before the end from which the next page is asked for. */
const NEAR = 20

interface VirtualTableProps<T> {
  label: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  /** Pixels; the same for every row, so that thousands need not be measured. */
  rowHeight: number
  keyOf(row: T): string
  onNearEnd(): void
}

/** The height of the rows that are not drawn. */
const Gap = ({ height }: { height: number }): ComponentChildren =>
  height > 0 && (
    <tbody aria-hidden="true">
      <tr class="gap" style={{ height: `${height}px` }}>
        <td />
      </tr>
    </tbody>
  )

/** A table of which only the rows in view exist, so that thousands stay smooth. */
export const VirtualTable = <T,>(props: VirtualTableProps<T>) => {
  const { label, columns, rows, rowHeight, keyOf, onNearEnd } = props
  const box = useRef<HTMLElement>(null)
  const [view, setView] = useState({ top: 0, height: 600 })

  useEffect(() => {
    const element = box.current
    if (!element) return
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight })
    const sizes = new ResizeObserver(look)
    sizes.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      sizes.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])

  const first = Math.max(0, Math.min(Math.floor(view.top / rowHeight) - BEYOND, rows.length - 1))
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + BEYOND)
  const isNearEnd = last >= rows.length - NEAR
  // The page that has just been loaded may have been too short to move the end away.
  useEffect(() => {
    if (isNearEnd) onNearEnd()
  }, [isNearEnd, rows.length, onNearEnd])

  return (
    <Scroll label={`${label}, table`} class="virtual" box={box}>
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ title, right }) => (
              <th key={title} scope="col" class={right ? 'right' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <Gap height={first * rowHeight} />
        <tbody>
          {rows.slice(first, last).map((row, index) => (
            <tr key={keyOf(row)} aria-rowindex={first + index + 2} style={{ height: `${rowHeight}px` }}>
              {columns.map(({ title, right, cell }) => (
                <td key={title} class={right ? 'right' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <Gap height={(rows.length - last) * rowHeight} />
      </table>
    </Scroll>
  )
}
