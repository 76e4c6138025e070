/**
 * How far log-probabilities move where a model's weights are kept in fewer bits: rollouts of held-out scenes by the model
 * in f32, and their tokens' log-probabilities under each form.
 * Usage: deno run -A test/transformers/measure_base_dtypes.ts [MODEL] [TASKS]
 */
import { openDenoPlatform } from "../../src/app/deno/platform.ts";
import { openGpuSession } from "../../src/app/gpu_session.ts";
import { baseDtypes } from "../../src/model/base_dtype.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { differences, logprobsOf, rolled } from "../support/base_dtype_errors.ts";

const [model = "needle", tasks = "16"] = Deno.args;
const platform = await openDenoPlatform(true);
const open = (baseDtype: (typeof baseDtypes)[number]) =>
  openGpuSession(platform, resolveConfig({ model, baseDtype }), { frozen: true });

const exact = await open("f32");
const config = resolveConfig({ model });
const rollouts = await rolled(exact, Number(tasks));
const want = await logprobsOf(exact, rollouts, config);
exact.close();
console.log(`${model}: ${want.length} tokens of ${rollouts.length} rollouts, ${exact.adapter}`);
console.log("| weights | mean difference | root mean square | largest | loss |\n|---|---|---|---|---|");
for (const baseDtype of baseDtypes) {
  const session = await open(baseDtype);
  const { mean, rms, largest, loss } = differences(await logprobsOf(session, rollouts, config), want);
  session.close();
  console.log(`| ${[baseDtype, ...[mean, rms, largest, loss].map((value) => value.toExponential(2))].join(" | ")} |`);
}
Deno.exit(0);
