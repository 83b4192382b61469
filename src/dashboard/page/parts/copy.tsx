import { useState } from 'preact/hooks'

/** An id, short, with a button that copies the whole of it. */
export const Id = ({ value }: { value: string }) => {
  const [copied, setCopied] = useState(false)
  const copy = () =>
    // A page that is not served over TLS or from this machine may have no clipboard.
    navigator.clipboard?.writeText(value).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  return (
    <span class="id">
      <code title={value}>{value}</code>
      <button type="button" class="plain" onClick={copy} aria-label={`Copy ${value}`}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </span>
  )
}
