/**
 * Writes rollouts of a model on generated scenes as JSON for agree.py: tokens, pictures as shown, and the
 * log-probabilities that our kernels gave.
 * Usage: deno run -A test/transformers/write_rollouts.ts MODEL FILE [ADAPTER_FOLDER]
 */

import { chooseTools } from "../../src/agent/tools/table.ts";
import { openDenoPlatform } from "../../src/app/deno/platform.ts";
import { openTokenizer } from "../../src/app/model_folder/qwen_tokenizer.ts";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import { crop } from "../../src/image/crop.ts";
import { resize } from "../../src/image/resize.ts";
import { smartResize } from "../../src/image/smart_resize.ts";
import { openChat } from "../../src/policy/chats.ts";
import { scenePictures } from "../../src/tasks/sources/scenes.ts";
import { resolveConfig } from "../../src/train/config.ts";

const [model, file, adapter = ""] = Deno.args;
const config = resolveConfig({ model: model!, adapter });
const platform = await openDenoPlatform(true);
const session = await openGpuSession(platform, config);
const tokenizer = await openTokenizer(async (name) =>
  (await platform.assetSize(`${model}/${name}`)) === null ? null : platform.readAsset(`${model}/${name}`),
);
const rows: unknown[] = [];
for await (const { task, rollouts } of session.roll({ tasks: 8, rolloutsPerTask: 4, greedy: false })) {
  const [source] = scenePictures(task.id, config);
  for (const { segments, calls } of rollouts) {
    const cuts = [source!, ...calls.filter((call) => call.boxSourcePx).map((call) => crop(source!, call.boxSourcePx!))];
    rows.push({
      tokens: segments.flatMap((s) => s.tokens),
      logprobs: segments.flatMap((s) => (s.source === "model" ? s.logprobs : s.tokens.map(() => null))),
      images: cuts.map((cut) => {
        const { widthPx, heightPx } = smartResize(cut.height, cut.width, session.model.view!, "transformers");
        const { data, width, height } = resize(cut, widthPx, heightPx);
        return { width, height, data: data.toBase64() };
      }),
    });
  }
}
await Deno.writeTextFile(
  file!,
  JSON.stringify({ suppressed: openChat(config.prompt, tokenizer, chooseTools(config)).reserved, rows }),
);
Deno.exit(0);
