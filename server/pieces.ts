/**
 * The pieces of an answer once the first of them is there: whoever asks while the store is away is refused; later the answer breaks off, which nobody
 * takes for its end.
 */
export async function fromTheFirst(
  pieces: AsyncGenerator<string, void>,
): Promise<AsyncGenerator<string, void>> {
  const first = await pieces.next();
  async function* all() {
    if (first.done !== true) yield first.value;
    yield* pieces;
  }
  return all();
}
