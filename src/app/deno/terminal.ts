import { withUnseen } from "../unseen.ts";

/** Where the command line writes: lines, and on a terminal one more line that is written over. */
export interface Terminal {
  print(line: string): void;
  /** Progress within a step. Shown on a terminal only: in a file it would be nothing but noise. */
  progress(line: string): void;
}

const clearLine = "\r\u001b[2K";

export function openTerminal(): Terminal {
  if (!Deno.stdout.isTerminal()) return { print: (line) => console.log(line), progress: () => {} };
  const encoder = new TextEncoder();
  const write = (text: string) => Deno.stdout.writeSync(encoder.encode(text));
  return {
    print: (line) => write(`${clearLine}${withUnseen(line)}\n`),
    // A line that wraps could not be cleared.
    progress: (line) => write(clearLine + withUnseen(line).slice(0, Math.max(20, Deno.consoleSize().columns - 1))),
  };
}

/** Text from a model or a file, without what a terminal would obey: control characters and marks that turn the order. */
export function visible(text: string): string {
  return withUnseen(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}
