import type { RunConfig } from "./knobs.ts";

/** The knobs that decide which adapter a run trains, and on which model. */
export type AdapterSettings = Pick<RunConfig, "model" | "adapter" | "loraRank" | "loraAlpha" | "loraTargets">;

/** Whether two runs train adapters of the same layers and ranks: passes recorded for one then serve the other. */
export const sameAdapter = (a: AdapterSettings, b: AdapterSettings): boolean =>
  (["model", "adapter", "loraRank", "loraAlpha", "loraTargets"] as const).every((name) => a[name] === b[name]);

/** Whether a run trains an adapter and leaves the model as it is. */
export const hasAdapter = ({ adapter, loraRank }: Pick<AdapterSettings, "adapter" | "loraRank">): boolean =>
  adapter !== "" || loraRank > 0;

/** @throws Error where all weights are trained, which are read in f32 or bf16, and the knobs want them in something else */
export function expectBaseDtype({ baseDtype, ...config }: RunConfig): void {
  if (hasAdapter(config) || baseDtype === "auto" || baseDtype === "f32" || baseDtype === "bf16") return;
  throw new Error(
    `baseDtype is ${baseDtype}, but this run trains all weights, which can be read in f32 or bf16 only; set loraRank to train an adapter on weights in ${baseDtype}, or leave baseDtype at auto`,
  );
}

/** @throws Error where all weights are trained, whose products stay in f32, and the knobs want them on matrix units */
export function expectMatrixUnits({ matrixUnits, ...config }: RunConfig): void {
  if (hasAdapter(config) || matrixUnits === "off") return;
  throw new Error(
    "matrixUnits is on, but this run trains all weights, whose products stay in f32; set loraRank to train an adapter, or leave matrixUnits off",
  );
}
