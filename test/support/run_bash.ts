import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const hasBash = spawnSync("bash", ["-c", "true"]).status === 0;

const fake = `#!/bin/bash
for word in "$0" "$@"; do printf '%s\\0' "$word" >> "$SACCADE_WORDS"; done
printf '\\1\\0' >> "$SACCADE_WORDS"
`;

/**
 * The words of every program that a script starts, as bash hands them over: python3, torchrun and ray only write them down.
 * `trace` is what `bash -x` printed.
 */
export function runBash(text: string): { commands: string[][]; trace: string } {
  const folder = mkdtempSync(join(tmpdir(), "saccade-bash-"));
  try {
    for (const name of ["python3", "python", "torchrun", "ray"]) {
      writeFileSync(join(folder, name), fake);
      chmodSync(join(folder, name), 0o755);
    }
    const script = join(folder, "run.sh");
    writeFileSync(script, text);
    const words = join(folder, "words");
    const env = { PATH: `${folder}:/usr/bin:/bin`, HOME: "/home/someone", SACCADE_WORDS: words };
    const { stderr } = spawnSync("bash", ["-x", script], { env, cwd: folder, encoding: "utf8", timeout: 10_000 });
    const commands: string[][] = [[]];
    for (const word of read(words).split("\0").slice(0, -1)) {
      if (word === "\u0001") commands.push([]);
      else commands.at(-1)!.push(word);
    }
    return { commands: commands.slice(0, -1), trace: stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
