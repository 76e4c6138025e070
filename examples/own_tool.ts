/**
 * A tool of one's own: it gives a picture back in grey. Prompts, replays, metrics and the log follow from this object.
 *
 *     npx deno run -A examples/own_tool.ts
 *
 * On the command line: `npm run saccade -- train --tool ./examples/own_tool.ts`. The shipped models know the zoom alone;
 * what a tool does to a model that can read its description is seen with `prompt: "verl"` on a Qwen-VL.
 */
import { defineTool, type Pixels, refusal, train } from "saccade";

/** Every channel the mean of the three. */
function greyed({ width, height, data }: Pixels): Pixels {
  const grey = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += 3)
    grey.fill(Math.round(((data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0)) / 3), at, at + 3);
  return { width, height, data: grey };
}

const grey = defineTool({
  name: "image_grey_tool",
  label: "Grey",
  help: "shows a picture without its colours",
  schema: {
    description: "Look at an image again without its colours.",
    parameters: {
      type: "object",
      properties: { image_index: { type: "integer", minimum: 0, description: "Which image, counted from 0." } },
      required: ["image_index"],
    },
  },
  call({ image_index: imageIndex }: { image_index: number }, { views }) {
    if (!views[imageIndex]) return refusal("image_index", `Error: there are ${views.length} images, counted from 0`);
    return { caption: `Image ${imageIndex} in grey; this is image ${views.length}.`, record: { imageIndex } };
  },
  // The picture is not stored: it is made again from the record, in a replay as in the rollout itself.
  replay({ imageIndex = 0 }, pictures) {
    const view = pictures[imageIndex];
    return view ? greyed(view.original) : null;
  },
});

export default grey;

if (import.meta.main) {
  const pixels = { width: 2, height: 1, data: Uint8Array.of(255, 0, 0, 9, 9, 9) };
  const call = { segment: 1, name: grey.name, outcome: "ok", imageIndex: 0 } as const;
  console.log("grey:", grey.replay?.(call, [{ original: pixels }], { crop: "source" })?.data.join(" "));
  const tools = ["image_zoom_in_tool", grey];
  for await (const event of train({ model: "needle", tools, steps: 1, tasksPerStep: 2, rolloutsPerTask: 2 }))
    if (event.type === "update") console.log(event.step, event.metrics.calls_ok);
}
