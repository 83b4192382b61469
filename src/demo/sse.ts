/** One event; several data lines are joined. */
export interface ServerSentEvent {
  event: string
  data: string
}

const parse = (block: string): ServerSentEvent => {
  const fields = block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line))
  const values = (name: string) => fields.flatMap((match) => (match?.[1] === name ? [match[2] ?? ''] : []))
  return { event: values('event').at(-1) ?? 'message', data: values('data').join('\n') }
}

/** The events of a `text/event-stream` body, as they arrive. */
export async function* readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerSentEvent> {
  let rest = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) if (block.trim()) yield parse(block)
  }
}
