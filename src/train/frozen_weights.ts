import { visionPrefix } from "../model/names.ts";
import { hasAdapter } from "./adapter_settings.ts";
import type { RunConfig } from "./knobs.ts";

/** Which weights a run leaves as they are; the merger is the vision tower's, as in verl's freeze_vision_tower. */
export function frozenWeights({ freeze }: Pick<RunConfig, "freeze">): (parameter: { name: string }) => boolean {
  if (freeze === "none") return () => false;
  return ({ name }) => name.startsWith(visionPrefix) === (freeze === "vision");
}

/** @throws Error where an adapter is trained: what is under it is frozen, and it has its own list of layers */
export function expectFreezable({ freeze, ...config }: RunConfig): void {
  if (freeze === "none" || !hasAdapter(config)) return;
  throw new Error(
    `freeze is ${freeze}, but this run trains an adapter and freezes all weights of the model; leave freeze at none, and choose the adapter's layers by loraTargets`,
  );
}
