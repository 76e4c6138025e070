import type { PeerLine } from "../../bench/report.ts";
import { endProcess } from "../processes/end_process.ts";

const program = new URL("../../../../bench/torch_peers.py", import.meta.url);

/** Torch compiles and models are built: a workload of it may take minutes. */
const longestMs = 900_000;

/** A file's path as programs are given it. */
const pathOf = (file: URL): string => decodeURIComponent(file.pathname).replace(/^\/([a-zA-Z]:)/, "$1");

/**
 * A Python that has torch; `missing` is a sentence where there is none.
 *
 * @param python  the interpreter; python3 or python of the path unless given
 * @throws Error where a given interpreter cannot be started or has no torch
 */
export async function findTorch(
  python?: string,
): Promise<{ python: string; missing?: undefined } | { python: null; missing: string }> {
  if (python === "none") return { python: null, missing: "torch was not asked, as --python none says" };
  const problems: string[] = [];
  for (const name of python === undefined ? ["python3", "python"] : [python]) {
    const problem = await torchProblem(name);
    if (problem === null) return { python: name };
    problems.push(problem);
  }
  if (python !== undefined) throw new Error(`--python: ${problems[0]}`);
  return {
    python: null,
    missing: `no torch to compare with (${problems[0]}); name another Python by --python`,
  };
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

/**
 * Times of the same workloads in torch, by bench/torch_peers.py.
 *
 * @param python  what findTorch found
 * @param ids     workloads, as the goals number them
 * @param stopped ends it; what it has printed counts
 */
export async function peersOf(
  python: string,
  ids: readonly string[],
  stopped: Promise<void> = new Promise(() => {}),
): Promise<PeerLine[]> {
  const child = new Deno.Command(python, {
    args: [pathOf(program), ...ids],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let why: string | null = null;
  const end = (reason: string) => {
    if (why !== null) return;
    if (endProcess(child, "SIGKILL")) why = reason;
  };
  const timer = setTimeout(() => end(`ended after ${longestMs / 1000} s`), longestMs);
  let isOver = false;
  stopped.then(() => {
    if (!isOver) end("stopped");
  });
  // What was printed before the end counts.
  const [printed, errors, { code }] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.status]);
  isOver = true;
  clearTimeout(timer);
  const lines = peerLines(printed);
  const last = errors.trim().split("\n").at(-1) ?? "";
  if (code !== 0) lines.push({ id: "torch", failed: why ?? `the program ended with code ${code}: ${last}` });
  return lines;
}

const textOf = (stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> => new Response(stream).text();

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
