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
  /** Whether the open line has been reported as too long. */
  let reported = false;
  /** The line that ends here: none where it was reported already. */
  const close = (end: string): (string | null)[] => {
    const line = reported ? [] : [length + end.length > longestLine ? null : open.join("") + end];
    open = [];
    length = 0;
    reported = false;
    return line;
  };
  for await (const piece of pieces) {
    const parts = piece.split("\n");
    const rest = parts.pop()!;
    if (parts.length > 0) yield [...close(parts[0]!), ...parts.slice(1)];
    length += rest.length;
    if (!reported && length <= longestLine) open.push(rest);
    else if (!reported) {
      open = [];
      reported = true;
      yield [null];
    }
  }
  yield close("");
}
