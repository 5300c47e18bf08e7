import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEventStream, type ServerSentEvent } from '../../../api/client/event-stream.ts';

function streamOf(...chunks: readonly Uint8Array[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new Uint8Array(chunk));
      controller.close();
    },
  });
}

async function read(body: ReturnType<typeof streamOf>, onAlive?: () => void): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of readEventStream(body, onAlive)) events.push(event);
  return events;
}
const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ['data: a\n\n', [{ event: 'message', id: undefined, data: 'a' }]],
  ['event: tenant\nid: 7\ndata: {}\n\n', [{ event: 'tenant', id: '7', data: '{}' }]],
  ['data: a\ndata\ndata:b\n\n', [{ event: 'message', id: undefined, data: 'a\n\nb' }]],
  [': still here\n\ndata:  a\n\n', [{ event: 'message', id: undefined, data: ' a' }]],
  ['event: nothing\n\ndata: a\n\n', [{ event: 'message', id: undefined, data: 'a' }]],
  [
    'id: 1\ndata: a\n\ndata: b\n\n',
    [
      { event: 'message', id: '1', data: 'a' },
      { event: 'message', id: '1', data: 'b' },
    ],
  ],
  ['\uFEFFdata: a\n\n', [{ event: 'message', id: undefined, data: 'a' }]],
  ['data: never ended', []],
])('%j is read as the standard says', async (text, events) => {
  expect(await read(streamOf(bytes(text)))).toEqual(events);
});

test('events are the same however lines end and wherever the bytes are cut', async () => {
  const text = ': hello\n\nevent: entry\nid: 12\ndata: {"name":"Zoë 日本"}\ndata: more\n\ndata: last\n\n';
  const expected = await read(streamOf(bytes(text)));
  expect(expected).toHaveLength(2);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat(120), { maxLength: 8 }),
      async (end, cuts) => {
        const whole = bytes(text.replaceAll('\n', end));
        const at = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
        const chunks = at.slice(1).map((until, index) => whole.slice(at[index], until));
        expect(await read(streamOf(...chunks))).toEqual(expected);
      },
    ),
  );
});

test('comments are signs of life', async () => {
  let alive = 0;
  const stream = streamOf(bytes(': still here\n\n'), bytes(': still here\n\n'));
  expect(await read(stream, () => alive++)).toEqual([]);
  expect(alive).toBe(2);
});
