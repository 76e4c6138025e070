import { deepEyesEnvironment } from "../../agent/environments/deepeyes.ts";
import { builtInTools } from "../../agent/tools/table.ts";
import { ToolStates } from "../../agent/tools/tool_states.ts";
import type { Box } from "../../image/pixels.ts";
import { deepEyesUser } from "../../policy/recipe_texts.ts";
import type { Task } from "../../tasks/task.ts";

/** What DeepEyes' environment makes of one turn of the model. */
export type DeepEyesStep =
  | { done: true }
  | {
      done: false;
      /** What follows the model's turn; `<image>` stands for the picture. */
      prompt: string;
      /** What the model reads, where the call failed. */
      error: string | null;
      /** Of the picture's own pixels, where the model zoomed. */
      cropSourcePx?: Box;
      /** Anticlockwise, where it turned the picture. */
      rotateDegrees?: number;
    };

const task: Task = { id: "case", source: "case", question: "", answer: "", imageSizesPx: [] };
/** Cases have sizes, but no pixels: no picture is made. */
const pixel = { width: 1, height: 1, data: new Uint8Array(3) };
const environment = deepEyesEnvironment({
  tool: "deepeyes",
  prompt: "deepeyes",
  toolErrors: "answer",
  tools: builtInTools.map((tool) => ({ ...tool, replay: () => pixel })),
  frame: "input-pixels",
  minSidePx: 28,
  crop: "source",
});

/** One step of our environment on a picture of a size, in the form of DeepEyes' own. */
export async function stepAsDeepEyes(text: string, size: { width: number; height: number }): Promise<DeepEyesStep> {
  const picture = { ...size, data: new Uint8Array() };
  const views = [{ original: picture, modelInput: picture }];
  const states = new ToolStates(task, views);
  const result = await environment.step({ text, task, views, offersTools: true, mayCall: true, states });
  if (result.end !== null) return { done: true };
  const { call, text: said } = result;
  const content = call.outcome === "ok" ? `<tool_response><image>${deepEyesUser}</tool_response>` : said;
  const { boxSourcePx, rotateDegrees } = call;
  return {
    done: false,
    prompt: `\n<|im_start|>user\n${content}<|im_end|>\n<|im_start|>assistant\n`,
    error: call.outcome === "ok" ? null : said,
    ...(boxSourcePx ? { cropSourcePx: boxSourcePx } : {}),
    ...(rotateDegrees === undefined ? {} : { rotateDegrees }),
  };
}
