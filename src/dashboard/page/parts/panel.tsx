import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface PanelProps {
  title: string
  /** Beside the title, such as a button or a choice. */
  aside?: ComponentChildren
  class?: string
  children: ComponentChildren
}

/** A part of a page with a heading of its own. */
export const Panel = ({ title, aside, children, ...rest }: PanelProps) => {
  const id = useId()
  return (
    <section class={`panel ${rest.class ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** Names with values. */
export const Facts = ({ of }: { of: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {of.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)

/** A few figures, large. */
export const Figures = ({ of }: { of: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="figures">
    {of.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)
