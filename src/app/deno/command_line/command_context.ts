import type { Platform } from "../../../platform.ts";
import type { OpenSession } from "../../session/session.ts";
import type { CompiledKernel } from "../gpu/compile.ts";
import type { Terminal } from "./terminal.ts";

/** What the commands need from outside: the machine, the program proper, and the person who may interrupt. */
export interface CommandContext {
  terminal: Terminal;
  openPlatform(needsGpu: boolean): Promise<Platform>;
  openSession: OpenSession;
  compileKernels(gpu: GPU): AsyncGenerator<CompiledKernel>;
  /** Every compiler that is available; `gpu` is null where one is not, and `missing` says why. */
  compilers(): Promise<{ name: string; gpu: GPU | null; missing: string }[]>;
  /** True once the person asked to stop. */
  stopping(): boolean;
  /** Resolves then. */
  untilStopped(): Promise<void>;
  /** Folder of the built page. */
  dist: string;
}

/** What is under way ends with this where the person asked to stop. */
export class Stopped extends Error {
  constructor() {
    super("Stopped before the end; nothing was changed");
    this.name = "Stopped";
  }
}

/** Ends the wait for a judge once the person asks to stop. */
export function stopSignal({ untilStopped }: CommandContext): AbortSignal {
  const stop = new AbortController();
  untilStopped().then(() => stop.abort(new Stopped()));
  return stop.signal;
}
