/** The lines of a stream, the last one only when it has ended. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncIterator<string> & AsyncIterable<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}
