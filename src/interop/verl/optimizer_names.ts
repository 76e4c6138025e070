import { listed, type Mapping, numeral } from "../alias_rules.ts";
import { actor } from "./sections.ts";

export const warmup: Mapping = {
  names: [`${actor}.optim.lr_warmup_steps`, `${actor}.optim.lr_warmup_steps_ratio`],
  read(given, { steps }, say) {
    const asSteps = given(`${actor}.optim.lr_warmup_steps`);
    const ratio = given(`${actor}.optim.lr_warmup_steps_ratio`);
    const count =
      asSteps !== undefined && numeral(asSteps) > 0 ? numeral(asSteps) : Math.trunc(numeral(ratio ?? "0") * steps);
    if (count > 0) say(`Warm-up of ${count} steps: verl's first update has rate 0, ours the rate of one step`);
    return { warmupSteps: count };
  },
  write: ({ warmupSteps }) => ({ [`${actor}.optim.lr_warmup_steps`]: String(warmupSteps || -1) }),
};

const scheduleNames = [`${actor}.optim.warmup_style`, `${actor}.optim.lr_scheduler_type`];

/** verl knows two; its cosine is ours. */
export const schedule: Mapping = {
  names: [...scheduleNames, `${actor}.optim.min_lr_ratio`, `${actor}.optim.num_cycles`],
  read(given) {
    const kind = scheduleNames.map(given).find((text) => text !== undefined) ?? "constant";
    if (kind !== "constant" && kind !== "cosine")
      throw new Error("supported kinds of schedule are constant and cosine");
    if (kind === "constant") return scheduleNames.some((name) => given(name) !== undefined) ? { lrSchedule: kind } : {};
    if (numeral(given(`${actor}.optim.num_cycles`) ?? "0.5") !== 0.5)
      throw new Error("the rate falls by half a cosine; supported: num_cycles 0.5");
    return { lrSchedule: kind, minLrRatio: given(`${actor}.optim.min_lr_ratio`) ?? 0 };
  },
  write: ({ lrSchedule, minLrRatio }): Record<string, string> =>
    lrSchedule === "cosine"
      ? { [`${actor}.optim.warmup_style`]: "cosine", [`${actor}.optim.min_lr_ratio`]: String(minLrRatio) }
      : {},
};

export const betas: Mapping = {
  names: [`${actor}.optim.betas`],
  read(given) {
    const [beta1, beta2, ...rest] = listed(given(`${actor}.optim.betas`) ?? "");
    if (beta2 === undefined || rest.length > 0) throw new Error("expected two numbers such as [0.9,0.999]");
    return { beta1, beta2 };
  },
  // Not in the older yaml files, so the override is forced.
  write: ({ beta1, beta2 }): Record<string, string> =>
    beta1 === 0.9 && beta2 === 0.999 ? {} : { [`++${actor}.optim.betas`]: `[${beta1},${beta2}]` },
};
