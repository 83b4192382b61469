import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Scroll } from './scroll.tsx'
import { Cells, type Column, Head } from './table.tsx'

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
  /** Whether more is on its way. */
  busy: boolean
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
  const { label, columns, rows, rowHeight, busy, keyOf, onNearEnd } = props
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

  // What comes in above must not move what somebody is reading, or about to click.
  const read = useRef<{ key: string; index: number } | null>(null)
  useLayoutEffect(() => {
    const element = box.current
    const before = read.current
    const index = before ? rows.findIndex((row) => keyOf(row) === before.key) : -1
    if (element && before && index >= 0 && index !== before.index && element.scrollTop > 0)
      element.scrollTop += (index - before.index) * rowHeight
    const top = Math.floor((element?.scrollTop ?? 0) / rowHeight)
    const row = rows[top]
    read.current = row === undefined ? null : { key: keyOf(row), index: top }
  }, [rows, rowHeight, view.top, keyOf])

  const first = Math.max(0, Math.min(Math.floor(view.top / rowHeight) - BEYOND, rows.length - 1))
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + BEYOND)
  const isNearEnd = last >= rows.length - NEAR
  // A page may be too short to move the end away, or empty: the API searches a part at a time.
  useEffect(() => {
    if (isNearEnd && !busy) onNearEnd()
  }, [isNearEnd, busy, rows.length, onNearEnd])

  return (
    <Scroll label={`${label}, table`} class="virtual" box={box}>
      <table aria-rowcount={rows.length + 1}>
        <Head columns={columns} />
        <Gap height={first * rowHeight} />
        <tbody>
          {rows.slice(first, last).map((row, index) => (
            <tr key={keyOf(row)} aria-rowindex={first + index + 2} style={{ height: `${rowHeight}px` }}>
              <Cells columns={columns} row={row} />
            </tr>
          ))}
        </tbody>
        <Gap height={(rows.length - last) * rowHeight} />
      </table>
    </Scroll>
  )
}
