/** Characters of a line that is read: a group of 64 rollouts of 40,000 tokens each is as long. */
export const longestLine = 2 ** 27;

/**
 * The lines of a text that comes in pieces, those that end in one piece together; null for one that is too long to be
 * kept. The pieces of a long line are joined once, not at each of them.
 */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<(string | null)[]> {
  let open: string[] = [];
  let length = 0;
  const close = (end: string): string | null => {
    const line = length + end.length > longestLine ? null : open.join("") + end;
    open = [];
    length = 0;
    return line;
  };
  for await (const piece of pieces) {
    const parts = piece.split("\n");
    const rest = parts.pop()!;
    if (parts.length > 0) yield [close(parts[0]!), ...parts.slice(1)];
    length += rest.length;
    if (length <= longestLine) open.push(rest);
    else open = [];
  }
  yield [close("")];
}
