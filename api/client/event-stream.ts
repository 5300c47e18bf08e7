export interface ServerSentEvent {
  readonly event: string;
  /** Id of the last event that had one: where to resume. */
  readonly id: string | undefined;
  readonly data: string;
}

/**
 * Yields the events of a `text/event-stream` until it ends.
 * @param onAlive called whenever anything arrives, even an empty line
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onAlive: () => void = () => {},
): AsyncGenerator<ServerSentEvent, void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let id: string | undefined;
  let event = '';
  let data: string[] = [];
  let rest = '';
  let afterCarriageReturn = false;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      onAlive();
      const chunk = afterCarriageReturn && next.value.startsWith('\n') ? next.value.slice(1) : next.value;
      afterCarriageReturn = next.value.endsWith('\r');
      const lines = (rest + chunk).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event: event || 'message', id, data: data.join('\n') };
          event = '';
          data = [];
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') event = value;
        else if (field === 'data') data.push(value);
        else if (field === 'id' && !value.includes('\0')) id = value;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
