/**
 * Dawn, Chrome's WebGPU, from npm `webgpu`. It answers a read at once, where Deno's own WebGPU looks for the answer
 * every 10 ms only; decoding token by token waits for little else.
 */

import { pauseDawnPolls } from "./dawn_polls.ts";

/** f16 on NVIDIA, subgroup matrices and exact timestamps are behind toggles. */
const toggles = [
  "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia",
  "disable-dawn-features=timestamp_quantization",
];

/** The process dies where a device is used whose GPU was collected as garbage. */
let kept: GPU | null = null;

/** Dawn's WebGPU in this process, one for all. @throws where its native library does not load. */
export async function createDawn(): Promise<GPU> {
  const { create, globals } = await import("webgpu");
  pauseDawnPolls(globals as Record<string, unknown>);
  kept ??= create(toggles);
  return kept;
}

/** Dawn without a driver: it compiles WGSL as Chrome does, and runs nothing. */
export async function createDawnCompiler(): Promise<GPU> {
  const { create } = await import("webgpu");
  return create([...toggles, "backend=null"]);
}

/**
 * What Dawn finds on this machine, tried in a process of its own: a bad Vulkan driver may take the process down, and
 * Dawn writes to stderr about every adapter that it cannot use.
 */
export async function tryDawn(): Promise<{ found: true; adapter: string } | { found: false; why: string }> {
  const probe = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("dawn_probe.ts", import.meta.url).href],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(20_000),
  });
  const { code, stdout, stderr } = await probe.output();
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout).trim();
  if (code === 0 && said.startsWith("found ")) return { found: true, adapter: said.slice("found ".length) };
  const [firstLine = ""] = decoder.decode(stderr).split("\n");
  return { found: false, why: firstLine.trim() || (code === 0 ? "no adapter" : `its process ended with code ${code}`) };
}
