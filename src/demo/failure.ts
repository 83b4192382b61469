/** Why the demo did not end well, in words for the person who runs it. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure'
}

/** Someone asked the demo to end; nothing is wrong. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
