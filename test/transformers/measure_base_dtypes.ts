/**
 * How far log-probabilities move where a model's weights, or its keys and values, are kept in fewer bits: rollouts of held-out scenes by the model
 * in f32, and their tokens' log-probabilities under each form.
 * Usage: deno run -A test/transformers/measure_base_dtypes.ts [MODEL] [TASKS]
 */
import { openDenoPlatform } from "../../src/app/deno/platform.ts";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import { baseDtypes } from "../../src/model/base_dtype.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { differences, logprobsOf, rolled } from "../support/base_dtype_errors.ts";

const [model = "needle", tasks = "16"] = Deno.args;
const platform = await openDenoPlatform(true);
const open = (changes: Partial<RunConfig>) =>
  openGpuSession(platform, resolveConfig({ model, ...changes }), { frozen: true });

const exact = await open({ baseDtype: "f32" });
const config = resolveConfig({ model });
const rollouts = await rolled(exact, Number(tasks));
const want = await logprobsOf(exact, rollouts, config);
exact.close();
console.log(`${model}: ${want.length} tokens of ${rollouts.length} rollouts, ${exact.adapter}`);
const forms: [string, Partial<RunConfig>][] = [
  ...baseDtypes.map((baseDtype): [string, Partial<RunConfig>] => [baseDtype, { baseDtype }]),
  ["f32, keys and values in bf16", { baseDtype: "f32", kvCacheDtype: "bf16" }],
];
console.log("| weights | mean difference | root mean square | largest | loss |\n|---|---|---|---|---|");
for (const [form, changes] of forms) {
  const session = await open(changes);
  const { mean, rms, largest, loss } = differences(await logprobsOf(session, rollouts, config), want);
  session.close();
  console.log(`| ${[form, ...[mean, rms, largest, loss].map((value) => value.toExponential(2))].join(" | ")} |`);
}
Deno.exit(0);
