import type { ComponentChildren } from 'preact'
import { Scroll } from './scroll.tsx'

export interface Column<T> {
  title: string
  /** Figures stand to the right, so that their places line up. */
  right?: boolean
  cell(row: T): ComponentChildren
}

export const Head = <T,>({ columns }: { columns: readonly Column<T>[] }) => (
  <thead>
    <tr>
      {columns.map(({ title, right }) => (
        <th key={title} scope="col" class={right ? 'right' : undefined}>
          {title}
        </th>
      ))}
    </tr>
  </thead>
)

export const Cells = <T,>({ columns, row }: { columns: readonly Column<T>[]; row: T }) => (
  <>
    {columns.map(({ title, right, cell }) => (
      <td key={title} class={right ? 'right' : undefined}>
        {cell(row)}
      </td>
    ))}
  </>
)

interface TableProps<T> {
  /** What a screen reader calls it. */
  label: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  keyOf(row: T): string
}

/** A table that scrolls sideways where it does not fit. */
export const Table = <T,>({ label, columns, rows, keyOf }: TableProps<T>) => (
  <Scroll label={`${label}, table`}>
    <table>
      <Head columns={columns} />
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            <Cells columns={columns} row={row} />
          </tr>
        ))}
      </tbody>
    </table>
  </Scroll>
)
