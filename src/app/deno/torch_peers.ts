import type { PeerLine } from "../bench/report.ts";

const program = new URL("../../../bench/torch_peers.py", import.meta.url);

/** Torch compiles and models are built: a workload of it may take minutes. */
const longestMs = 900_000;

/** A file's path as programs are given it. */
const pathOf = (file: URL): string => decodeURIComponent(file.pathname).replace(/^\/([a-zA-Z]:)/, "$1");

/**
 * Times of the same workloads in torch, by bench/torch_peers.py.
 *
 * @param ids     workloads, as the goals number them
 * @param python  the interpreter; python3 or python of the path unless given
 * @returns       what it printed; `missing` is a sentence where there is no torch
 * @throws Error where a given interpreter cannot be started or has no torch
 */
export async function peersOf(
  ids: readonly string[],
  python?: string,
): Promise<{ lines: PeerLine[]; missing: string | null }> {
  const problems: string[] = [];
  for (const name of python === undefined ? ["python3", "python"] : [python]) {
    const problem = await torchProblem(name);
    if (problem === null) return { lines: await run(name, ids), missing: null };
    problems.push(problem);
  }
  if (python !== undefined) throw new Error(`--python: ${problems[0]}`);
  return { lines: [], missing: `no torch to compare with (${problems[0]}); name another Python by --python` };
}

async function torchProblem(python: string): Promise<string | null> {
  try {
    const probe = new Deno.Command(python, {
      args: ["-c", "import torch"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { code, stderr } = await probe.output();
    if (code === 0) return null;
    return `${python}: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1) || `ended with code ${code}`}`;
  } catch (error) {
    return `${python} cannot be started (${(error as Error).message})`;
  }
}

async function run(python: string, ids: readonly string[]): Promise<PeerLine[]> {
  const { stdout, stderr, code } = await new Deno.Command(python, {
    args: [pathOf(program), ...ids],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(longestMs),
  }).output();
  const decoder = new TextDecoder();
  const lines = peerLines(decoder.decode(stdout));
  if (code !== 0) {
    const said = decoder.decode(stderr).trim().split("\n").at(-1) ?? "";
    lines.push({ id: "torch", failed: `the program ended with code ${code}: ${said}` });
  }
  return lines;
}

/** The lines of JSON among what a program prints. */
export function peerLines(text: string): PeerLine[] {
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    try {
      const found = JSON.parse(line) as PeerLine;
      return typeof found.id === "string" ? [found] : [];
    } catch {
      return [];
    }
  });
}
