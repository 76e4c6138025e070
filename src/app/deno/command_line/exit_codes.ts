/**
 * With which code the command line ends: what the commands return and what --help prints. Those above 128 are 128 + the
 * signal's number, as shells have it.
 */
export const exitCodes = {
  done: 0,
  failed: 1,
  misused: 2,
  hungUp: 129,
  interrupted: 130,
  unread: 141,
  terminated: 143,
} as const;

export const exitMeanings: Record<keyof typeof exitCodes, string> = {
  done: "done",
  failed:
    "could not be done, and a sentence says why; or what was checked (parity, conformance, compile, fuzz, judge) did not pass",
  misused: "the command line was not understood; nothing was done",
  hungUp: "ended since the terminal was closed, otherwise as 130",
  interrupted: "ended by Ctrl-C; train and warmup have saved, and go on with --resume",
  unread: "ended since the output is no longer read, as behind | head; otherwise as 130",
  terminated: "ended by SIGTERM, otherwise as 130",
};

/** What ends a command before its time. */
export type Stop = "hungUp" | "interrupted" | "unread" | "terminated";

/** What the process ends with: commands that were stopped say "interrupted", whatever it was that stopped them. */
export const endCode = (code: number, stop: Stop | null): number =>
  code === exitCodes.interrupted && stop !== null ? exitCodes[stop] : code;

/** What was asked for cannot be meant, and nothing was done; what it says is one sentence. */
export class Misused extends Error {}

/** Reads what stands on the command line. @throws Misused in place of other errors */
export function asked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Misused((error as Error).message);
  }
}
