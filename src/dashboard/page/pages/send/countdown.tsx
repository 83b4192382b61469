interface CountdownProps {
  leftMs: number
  /** Its whole length, milliseconds. */
  lengthMs: number
}

/** When the rest of the time is said aloud, in seconds. */
const SAID = [30, 10]

/** Seconds until the lock ends, as a figure and a bar. */
export const Countdown = ({ leftMs, lengthMs }: CountdownProps) => {
  const seconds = Math.ceil(leftMs / 1000)
  const said = SAID.findLast((each) => seconds <= each)
  return (
    <div class={`countdown ${seconds <= 10 ? 'short' : ''}`}>
      <p>
        {seconds > 0 ? (
          <>
            Rate locked for{' '}
            <strong role="timer" aria-live="off">
              {seconds} s
            </strong>
          </>
        ) : (
          'The lock has ended'
        )}
      </p>
      <progress max={lengthMs} value={leftMs} aria-label="Time left of the lock" />
      <p class="only-heard" aria-live="polite">
        {seconds > 0 && said !== undefined ? `${said} seconds left of the lock` : ''}
      </p>
    </div>
  )
}
