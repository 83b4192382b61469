import { useEffect, useState } from 'preact/hooks'

const SHOWN_MS = 2_000

interface IdProps {
  /** What it is the id of, for those who hear it. */
  what: string
  value: string
}

/** An id, with a button that copies it where the browser lets a page do so. */
export const Id = ({ what, value }: IdProps) => {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () =>
    navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  return (
    <span class="id">
      <code>{value}</code>
      {/* Without TLS there is none, but on this very machine. */}
      {navigator.clipboard && (
        <button type="button" class="plain" onClick={copy}>
          {copied ? 'Copied' : 'Copy'} <span class="only-heard">{what}</span>
        </button>
      )}
    </span>
  )
}
