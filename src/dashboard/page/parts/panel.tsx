import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

interface PanelProps {
  title: string
  /** Beside the title, such as a button or a choice. */
  aside?: ComponentChildren
  class?: string
  /**
   * Puts the focus on the heading whenever this is another value, but for the first one: for what takes away the control
   * that had it. `true` does so from the beginning.
   */
  focus?: unknown
  children: ComponentChildren
}

/** A part of a page with a heading of its own. */
export const Panel = ({ title, aside, focus, children, ...rest }: PanelProps) => {
  const id = useId()
  const heading = useRef<HTMLHeadingElement>(null)
  const seen = useRef(focus === true ? undefined : focus)
  useEffect(() => {
    if (seen.current === focus) return
    seen.current = focus
    heading.current?.focus()
  }, [focus])
  return (
    <section class={`panel ${rest.class ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

interface PairsProps {
  of: readonly (readonly [string, ComponentChildren])[]
}

const pairs = (look: string) =>
  function Pairs({ of }: PairsProps) {
    return (
      <dl class={look}>
        {of.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    )
  }

/** Names with values, one below the other. */
export const Facts = pairs('facts')

/** A few figures, large. */
export const Figures = pairs('figures')

/** Many small figures, side by side. */
export const Tiles = pairs('tiles')
