import { withUnseen } from "../../text/unseen.ts";

/** Where the command line writes: lines, and on a terminal one more line that is written over. */
export interface Terminal {
  print(line: string): void;
  /** Progress within a step. Shown on a terminal only: in a file it would be noise. */
  progress(line: string): void;
}

/** The part of Deno.stdout that is written to. */
export type Output = Pick<typeof Deno.stdout, "writeSync" | "isTerminal">;

const clearLine = "\r\u001b[2K";
/** How long to sleep before writing again to a reader that is slow. */
const patienceMs = 5;

/**
 * @param unread  called once when the output is no longer read: a closed pipe, a terminal that is gone
 * @param failed  called once where what is printed cannot be written, e.g. into a file on a full disk
 */
export function openTerminal(
  unread: () => void,
  failed: (error: Error) => void,
  output: Output = Deno.stdout,
): Terminal {
  const encoder = new TextEncoder();
  let isOpen = true;
  const write = (text: string) => {
    const bytes = encoder.encode(text);
    for (let at = 0; isOpen && at < bytes.length; ) {
      try {
        at += output.writeSync(bytes.subarray(at));
      } catch (error) {
        if (error instanceof Deno.errors.WouldBlock) {
          wait(patienceMs);
          continue;
        }
        isOpen = false;
        const isGone = error instanceof Deno.errors.BrokenPipe || ["EPIPE", "EIO"].includes(codeOf(error));
        if (isGone) unread();
        else failed(error as Error);
      }
    }
  };
  if (!output.isTerminal()) return { print: (line) => write(`${line}\n`), progress: () => {} };
  return {
    print: (line) => write(`${clearLine}${withUnseen(line)}\n`),
    // A line that wraps could not be cleared.
    progress: (line) => write(clearLine + withUnseen(line).slice(0, Math.max(20, columns() - 1))),
  };
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? "";

function columns(): number {
  try {
    // Some terminals say 0.
    return Deno.consoleSize().columns || 80;
  } catch {
    // The terminal was closed meanwhile.
    return 80;
  }
}

const wait = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/** Text from a model or a file, without control characters and marks that change the order of letters, which a terminal would act on. */
export function visible(text: string): string {
  return withUnseen(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}
