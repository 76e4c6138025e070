import { chooseTools, offersTools } from "../../agent/tools/table.ts";
import { smartResize } from "../../image/smart_resize.ts";
import type { Platform } from "../../platform.ts";
import { openChat } from "../../policy/chats.ts";
import { generatedScenes } from "../../tasks/sources/scenes.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isOwnCode } from "../../train/own_code.ts";
import { pathsIn } from "../data/data_paths.ts";
import { openRunTasks } from "../data/run_tasks.ts";
import { fileOrNull, filesIn } from "../model_folder/model_files.ts";
import { openTokenizer } from "../model_folder/qwen_tokenizer.ts";
import type { KnownTasks } from "./assumed_step.ts";
import type { DescribedModel } from "./model_sizes.ts";

/** So many tasks of the first step stand for all. */
const mostTasks = 32;

/**
 * The prompts of a run's first tasks, with its own pictures and tokenizer; null where one of them is not on this
 * machine. @throws Error with one sentence where the files cannot be used
 */
export async function knownTasks(
  config: RunConfig,
  platform: Platform,
  { sizes, preprocessor }: DescribedModel,
): Promise<KnownTasks | null> {
  if ([config.model, ...pathsIn(config.data)].some((path) => platform.addressOf(path) !== null)) return null;
  // A person's own code runs only in the run itself.
  if ([config.data, ...config.tools.split(",")].some((name) => isOwnCode(name.trim()))) return null;
  const find = fileOrNull(filesIn(platform, config.model));
  if (!(await find("tokenizer.json")) && !(await find("vocab.json"))) return null;
  const tokenizer = await openTokenizer(find);
  const chat = openChat(config.prompt, tokenizer, chooseTools(config));
  const { patchSize, spatialMergeSize } = sizes.config.vision;
  const factor = patchSize * spatialMergeSize;
  const most = config.maxPixels > 0 ? Math.min(config.maxPixels, preprocessor.maxPixels) : preprocessor.maxPixels;
  const limits = { factor, minPixels: Math.min(preprocessor.minPixels, most), maxPixels: most };
  const source =
    config.data === "" ? generatedScenes(config, config.seed) : await openRunTasks(config, platform, limits, chat);
  const promptOf = (task: Task) => {
    const pictures = task.imageSizesPx.map(({ width, height }) => {
      const shown = smartResize(height, width, limits, "transformers");
      return { width: shown.widthPx, height: shown.heightPx };
    });
    const imageTokens = pictures.map(({ width, height }) => (width / factor) * (height / factor));
    const { question, messages } = task;
    const tokens = chat.prompt({ question, messages, tools: offersTools(task, config) }, imageTokens);
    return { textTokens: tokens.length - imageTokens.reduce((a, b) => a + b, 0), pictures };
  };
  return {
    prompts: (await source.take(0, Math.min(mostTasks, config.tasksPerStep))).map(promptOf),
    answerText: chat.observation("", [1]).length - 1,
  };
}
