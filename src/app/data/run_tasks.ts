import type { SizeLimits } from "../../image/smart_resize.ts";
import type { Platform } from "../../platform.ts";
import type { Chat } from "../../policy/chat.ts";
import type { Row } from "../../tasks/rows/row.ts";
import type { SurveySettings } from "../../tasks/rows/survey.ts";
import { type FileTasks, fileTasks } from "../../tasks/sources/file_tasks.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { openSources } from "./sources.ts";

/** The knobs that say what becomes of a row. */
export type DataKnobs = Pick<
  RunConfig,
  "charts" | "textOnly" | "maxSourcePixels" | "pictureMemory" | "maxPromptTokens" | "toolRows" | "zoom"
>;

/**
 * How a run looks at rows.
 * @param limits  how large the model sees pictures
 * @param view    how prompts are written down, to count them, absent where nothing is counted; what decodes pictures
 */
export function surveySettings(
  config: DataKnobs,
  limits: SizeLimits,
  { chat, pictures }: { chat?: Chat } & Pick<Platform, "pictures"> = {},
): SurveySettings {
  return {
    budget: {
      limits,
      maxSourcePixels: config.maxSourcePixels,
      memoryBytes: config.pictureMemory * 2 ** 20,
    },
    charts: config.charts,
    textOnly: config.textOnly,
    maxPromptTokens: config.maxPromptTokens,
    ...(pictures ? { pictures } : {}),
    ...(chat ? { promptTokens: (row, imageTokens) => promptOf(row, chat, config, imageTokens).length } : {}),
  };
}

/** The prompt of a row as a run writes it. @throws Error where pictures and placeholders differ */
export function promptOf(
  row: Row,
  chat: Chat,
  { toolRows, zoom }: Pick<RunConfig, "toolRows" | "zoom">,
  imageTokens: readonly number[],
): number[] {
  const { question, messages, columns, envName } = row;
  const named = !("env_name" in columns) || envName !== "";
  return chat.prompt({ question, messages, tools: zoom && (toolRows === "all" || named) }, imageTokens);
}

/** The tasks of the files that a configuration names. @throws Error with one sentence where one cannot be opened */
export async function openRunTasks(
  config: DataKnobs & Pick<RunConfig, "data" | "seed" | "heldOutRows">,
  platform: Platform,
  limits: SizeLimits,
  chat?: Chat,
): Promise<FileTasks> {
  const { seed, heldOutRows } = config;
  return fileTasks(await openSources(config.data, platform), {
    ...surveySettings(config, limits, { chat, pictures: platform.pictures }),
    seed,
    heldOutRows,
  });
}
