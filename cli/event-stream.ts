export interface ServerEvent {
  /** What a reader that comes back sends as `Last-Event-ID`; absent until there is one. */
  id?: string;
  event: string;
  data: string;
}

/** Events out of a `text/event-stream` body (WHATWG HTML, section 9.2); comments are left out. */
export async function* serverEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let event = 'message';
  let data: string[] = [];
  let id: { id?: string } = {};
  for await (const piece of body) {
    rest += decoder.decode(piece, { stream: true });
    const lines = rest.split(/\r\n|\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { ...id, event, data: data.join('\n') };
        event = 'message';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'id') id = { id: value };
      if (name === 'event') event = value;
      if (name === 'data') data.push(value);
    }
  }
}
