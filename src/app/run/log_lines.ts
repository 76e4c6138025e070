/** Characters of a line that is read: a group of 64 rollouts of 40,000 tokens each is as long. */
export const longestLine = 2 ** 27;

/**
 * The lines of a text that comes in pieces, those that end in one piece together. Null stands for a line that is too
 * long to be kept, as soon as that is known: what is packed may be one line without an end. The pieces of a long line
 * are joined once, not at each of them.
 */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<(string | null)[]> {
  let open: string[] = [];
  let length = 0;
  /** Whether the line that is open has been told as too long. */
  let told = false;
  /** What ends here: nothing where it was told already. */
  const close = (end: string): (string | null)[] => {
    const line = told ? [] : [length + end.length > longestLine ? null : open.join("") + end];
    open = [];
    length = 0;
    told = false;
    return line;
  };
  for await (const piece of pieces) {
    const parts = piece.split("\n");
    const rest = parts.pop()!;
    if (parts.length > 0) yield [...close(parts[0]!), ...parts.slice(1)];
    length += rest.length;
    if (!told && length <= longestLine) open.push(rest);
    else if (!told) {
      open = [];
      told = true;
      yield [null];
    }
  }
  yield close("");
}
