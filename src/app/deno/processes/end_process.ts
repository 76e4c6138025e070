/**
 * Ends a program that was started here. False where it has ended by itself meanwhile: Deno takes that for an error of
 * whoever asks.
 */
export function endProcess(process: Pick<Deno.ChildProcess, "kill">, signal: "SIGTERM" | "SIGKILL"): boolean {
  try {
    process.kill(signal);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
