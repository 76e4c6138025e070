/**
 * Writes rollouts of a model as JSON for agree.py: tokens, pictures as shown, and the log-probabilities that our
 * kernels gave. Usage: deno run -A test/transformers/write_rollouts.ts MODEL FILE [ADAPTER_FOLDER]
 */
import { openDenoPlatform } from "../../src/app/deno/platform.ts";
import { openGpuSession } from "../../src/app/gpu_session.ts";
import { crop } from "../../src/image/crop.ts";
import { resize } from "../../src/image/resize.ts";
import { needlePictures } from "../../src/tasks/needle.ts";
import { resolveConfig } from "../../src/train/config.ts";

const [model, file, adapter = ""] = Deno.args;
const config = resolveConfig({ model: model!, adapter });
const session = await openGpuSession(await openDenoPlatform(true), config);
const rows: unknown[] = [];
for await (const { task, rollouts } of session.roll({ tasks: 8, rolloutsPerTask: 4, greedy: false })) {
  const [source] = needlePictures(task.id, config);
  for (const { segments, calls } of rollouts) {
    const cuts = [source!, ...calls.filter((call) => call.boxSourcePx).map((call) => crop(source!, call.boxSourcePx!))];
    rows.push({
      tokens: segments.flatMap((s) => s.tokens),
      logprobs: segments.flatMap((s) => (s.source === "model" ? s.logprobs : s.tokens.map(() => null))),
      images: cuts.map((cut) => btoa(String.fromCharCode(...resize(cut, 64, 64).data))),
    });
  }
}
await Deno.writeTextFile(file!, JSON.stringify(rows));
Deno.exit(0);
