import type { Pixels } from "../image/pixels.ts";
import type { Rollout, ToolCall } from "./rollout.ts";
import { builtInTools } from "./tools/table.ts";
import type { LoggedView, Tool, ToolSettings } from "./tools/tool.ts";

/** A picture of a logged rollout, and the call that gave it; null for the task's own. */
export interface ReplayedPicture {
  original: Pixels;
  call: ToolCall | null;
}

export interface ReplaySettings extends Pick<ToolSettings, "crop"> {
  /** The tools of the run that made the rollout; by default the built-in ones. */
  tools?: readonly Tool[];
}

/**
 * The pictures that a logged rollout had before it, in the order of its indices: those of its task, then what each call
 * that was carried out gave, or what a person put in its place. What did not fit into the response behind the last turn is not
 * among them: the model never got it. Made one after another, so that whoever takes them can stop at too many.
 * @param ofTask  the task's pictures; their model inputs where they are known, which verl's zoom cuts from
 * @throws Error with one sentence about the first call whose picture cannot be made
 */
export function* rolloutPictures(
  { calls, segments }: Pick<Rollout, "calls"> & Partial<Pick<Rollout, "segments">>,
  ofTask: readonly LoggedView[],
  { crop, tools = builtInTools }: ReplaySettings,
): Generator<ReplayedPicture> {
  const pictures: LoggedView[] = [...ofTask];
  for (const { original } of ofTask) yield { original, call: null };
  for (const [i, call] of calls.entries()) {
    if (call.replaced) {
      const { picture } = call.replaced;
      if (!picture) continue;
      pictures.push({ original: picture });
      yield { original: picture, call };
      continue;
    }
    if (call.outcome !== "ok" || call.segment + 1 === segments?.length) continue;
    const original = pictureOf(call, `call ${i + 1}`, pictures, { crop, tools });
    if (!original) continue;
    pictures.push({ original });
    yield { original, call };
  }
}

function pictureOf(
  call: ToolCall,
  where: string,
  pictures: readonly LoggedView[],
  { crop, tools = builtInTools }: ReplaySettings,
): Pixels | null {
  if (call.pictureKept === false) throw new Error(`${where}: ${call.name} gave a picture that the log does not hold`);
  const tool = tools.find(({ name }) => name === call.name);
  if (!tool) throw new Error(`${where}: the tool ${call.name} is not loaded`);
  try {
    return tool.replay?.(call, pictures, { crop }) ?? null;
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
  }
}
