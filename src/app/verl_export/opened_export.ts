import { type Capacity, capacityAfter, longestText } from "../../agent/token_limits.ts";
import { rotation } from "../../agent/tools/rotate.ts";
import { builtInTools, chooseTools } from "../../agent/tools/table.ts";
import type { Tool } from "../../agent/tools/tool.ts";
import { readServerAddress } from "../../connection/address.ts";
import { resized } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";
import { smartResize } from "../../image/smart_resize.ts";
import { type ExportView, rewardNote } from "../../interop/verl/export/run_settings.ts";
import { familyNamed } from "../../model/families/table.ts";
import type { Json } from "../../model/json_file.ts";
import type { Platform } from "../../platform.ts";
import type { Chat } from "../../policy/chat.ts";
import { openChat } from "../../policy/chats.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import type { FileTasks } from "../../tasks/sources/file_tasks.ts";
import { generatedScenes } from "../../tasks/sources/scenes.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isOwnCode } from "../../train/own_code.ts";
import { openRunTasks } from "../data/run_tasks.ts";
import { describedModel } from "../memory/model_sizes.ts";
import { fileOrNull, filesIn } from "../model_folder/model_files.ts";
import { tokenizerSource } from "../model_folder/qwen_tokenizer.ts";

/** A run's environment without its model on a device: what rows, prompts and scripted rollouts need. */
export interface OpenedExport {
  config: RunConfig;
  platform: Platform;
  /** Null where none could be had: prompts are not counted, and nothing is rolled. */
  tokenizer: Tokenizer | null;
  /** The contents of its tokenizer.json. */
  tokenizerJson: Json | null;
  chat: Chat | null;
  /** What the run offers, DeepEyes' rotation among it, which that environment carries out unasked. */
  tools: readonly Tool[];
  /** What prompts describe. */
  described: readonly Tool[];
  source: TaskSource | FileTasks;
  view: ExportView & { modelInput(pixels: Pixels): Pixels; imageTokens(modelInput: Pixels): number };
  /** `model_type` of the model's config.json. */
  family: string;
  /** False where the model is a name on the Hub, and that did not answer. */
  isReachable: boolean;
  /** What a person should know, in sentences. */
  notes: string[];
}

/** Narrowest cut that the zoom makes, source px; as for models here. */
const minCropPx = 32;

/**
 * Opens what a configuration names, as far as an export needs it; no weights are read.
 * @param tokenizerFolder  in the place of the model's own
 * @param tasks  a person's own, where `data` is their module
 * @throws Error with one sentence where a part of the run cannot be written for verl, or is not there
 */
export async function openExport(
  config: RunConfig,
  platform: Platform,
  { tokenizerFolder, tasks }: { tokenizerFolder?: string; tasks?: TaskSource } = {},
): Promise<OpenedExport> {
  const notes: string[] = [];
  if (isOwnCode(config.reward))
    throw new Error(
      `The reward ${config.reward} is a module in TypeScript, which verl cannot run; write it in Python, and export with another by --reward`,
    );
  const ownTool = config.tools.split(",").find((name) => isOwnCode(name.trim()));
  if (ownTool !== undefined)
    throw new Error(
      `The tool ${ownTool.trim()} is a module in TypeScript, which verl cannot run; write it in Python as a BaseTool of verl, and export with others by --tools`,
    );
  // An address may hold a secret, which must not be written.
  if (config.judge !== "rules" && config.judgeUrl !== "") readServerAddress(config.judgeUrl);
  const note = rewardNote(config);
  if (note !== null) notes.push(`The reward ${config.reward}: ${note}`);
  const described = chooseTools(config);
  const { sizes, preprocessor, note: modelNote } = await describedModel(config, platform);
  if (modelNote !== undefined) notes.push(modelNote);
  const { modelType, vision } = sizes.config;
  const most = config.maxPixels > 0 ? Math.min(config.maxPixels, preprocessor.maxPixels) : preprocessor.maxPixels;
  const factor = vision.patchSize * vision.spatialMergeSize;
  const limits = { factor, minPixels: Math.min(preprocessor.minPixels, most), maxPixels: most };
  const isReachable = modelNote === undefined;
  const tokenizerJson = await tokenizerOf(config, platform, { folder: tokenizerFolder, isReachable }, notes);
  const { Tokenizer } = await import("../../policy/tokenizer.ts");
  const tokenizer = tokenizerJson && new Tokenizer(tokenizerJson);
  const chat = tokenizer && openChat(config.prompt, tokenizer, described);
  const source = await openSource(config, platform, { limits, chat, tasks });
  return {
    config,
    platform,
    tokenizer,
    tokenizerJson,
    chat,
    tools: config.tool === "deepeyes" && !described.includes(rotation) ? [...described, rotation] : described,
    described,
    source,
    view: {
      frame: familyNamed(modelType).frame,
      limits,
      minSidePx: Math.max(minCropPx, factor),
      modelInput: (pixels) => {
        const { widthPx, heightPx } = smartResize(pixels.height, pixels.width, limits, "transformers");
        return resized(pixels, widthPx, heightPx);
      },
      imageTokens: ({ width, height }) => (width / factor) * (height / factor),
    },
    family: modelType,
    isReachable,
    notes,
  };
}

/** The tokenizer of a folder or of the model; null, with a note, where the model's cannot be had. */
async function tokenizerOf(
  { model }: RunConfig,
  platform: Platform,
  { folder, isReachable }: { folder: string | undefined; isReachable: boolean },
  notes: string[],
): Promise<Json | null> {
  if (folder !== undefined) return tokenizerSource(fileOrNull(filesIn(platform, folder)));
  const without = "prompts are not counted, and there are no rollouts for the check; name one by --tokenizer DIR";
  if (!isReachable) {
    notes.push(`The tokenizer of ${model} could not be had: ${without}`);
    return null;
  }
  try {
    return await tokenizerSource(fileOrNull(filesIn(platform, model)));
  } catch (error) {
    // A folder of this machine must have one; a name on the Hub may be out of reach.
    if (platform.addressOf(model) === null) throw error;
    notes.push(`The tokenizer of ${model} could not be had (${(error as Error).message}): ${without}`);
    return null;
  }
}

async function openSource(
  config: RunConfig,
  platform: Platform,
  { limits, chat, tasks }: { limits: ExportView["limits"]; chat: Chat | null; tasks?: TaskSource },
): Promise<TaskSource> {
  if (isOwnCode(config.data)) {
    if (!tasks) throw new Error(`The tasks of ${config.data} are a module that is not loaded here; name it by --tasks`);
    return tasks;
  }
  if (config.data === "") return generatedScenes(config, config.seed);
  return openRunTasks(config, platform, limits, chat ?? undefined);
}

/** What is reserved behind the prompts of tasks that are opened together. @param config  their limits */
export function capacityOf(
  tasks: readonly Pick<Task, "imageSizesPx">[],
  { chat, view, described }: Pick<OpenedExport, "chat" | "view" | "described">,
  config: RunConfig,
): Capacity {
  const { factor } = view.limits;
  const sizes = tasks.flatMap(({ imageSizesPx }) =>
    imageSizesPx.map(({ width, height }) => {
      const { widthPx, heightPx } = smartResize(height, width, view.limits, "transformers");
      return (widthPx / factor) * (heightPx / factor);
    }),
  );
  const largest = Math.max(0, ...sizes);
  // Without a tokenizer: a picture, and what stands around it in the longest of the forms.
  const pictureTokens = chat ? chat.observation("", [largest]).length : largest + 96;
  return capacityAfter(pictureTokens, config, longestText(described));
}

/** Whether a tool's call can be made again from a log. */
export const replayTools = builtInTools;
