import type { ComponentChildren, Ref } from 'preact'

interface ScrollProps {
  /** What a screen reader calls it. */
  label: string
  class?: string
  box?: Ref<HTMLElement>
  children: ComponentChildren
}

/** What scrolls by itself where it does not fit, by keyboard too: only what has the focus can be scrolled by it. */
export const Scroll = ({ label, box, children, ...rest }: ScrollProps) => (
  <section ref={box ?? null} class={`scroll ${rest.class ?? ''}`} aria-label={label} tabIndex={0}>
    {children}
  </section>
)
