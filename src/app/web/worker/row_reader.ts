import { chooseTools } from "../../../agent/tools/table.ts";
import type { SizeLimits } from "../../../image/smart_resize.ts";
import type { Platform } from "../../../platform.ts";
import { openChat } from "../../../policy/chats.ts";
import type { Tokenizer } from "../../../policy/tokenizer.ts";
import { recipeBudget } from "../../../tasks/rows/picture_budget.ts";
import type { Row } from "../../../tasks/rows/row.ts";
import type { SurveySettings } from "../../../tasks/rows/survey.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { promptOf, surveySettings } from "../../data/run_tasks.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import { openTokenizer } from "../../model_folder/qwen_tokenizer.ts";
import type { RowDetails } from "../../worker_api/data_api.ts";

/** Rows as a model would get them: sizes by its preprocessor, prompts by its tokenizer. */
export class RowReader {
  readonly #limits: SizeLimits;
  readonly #pictures: Platform["pictures"];
  readonly #tokenizer: Tokenizer | null;
  /** Why there is no tokenizer. */
  readonly #problem: string;

  private constructor(
    limits: SizeLimits,
    tokenizer: Tokenizer | null,
    { problem, pictures }: { problem: string } & Pick<Platform, "pictures">,
  ) {
    this.#pictures = pictures;
    this.#limits = limits;
    this.#tokenizer = tokenizer;
    this.#problem = problem;
  }

  /** Without a model: Qwen2.5-VL's sizes, and no prompts. A model that cannot be read costs the same, and a sentence. */
  static async open(platform: Platform, model: string | null): Promise<RowReader> {
    const { pictures } = platform;
    if (model === null)
      return new RowReader(recipeBudget.limits, null, { problem: "The model's tokenizer is not read", pictures });
    const files = filesIn(platform, model);
    try {
      // Families come with their kernels.
      const { preprocessorIn } = await import("../../../model/families/read_files.ts");
      const { minPixels, maxPixels, patchSize, mergeSize } = await preprocessorIn(files);
      const limits = { factor: patchSize * mergeSize, minPixels, maxPixels };
      return new RowReader(limits, await openTokenizer(fileOrNull(files)), { problem: "", pictures });
    } catch (error) {
      return new RowReader(recipeBudget.limits, null, { problem: (error as Error).message, pictures });
    }
  }

  /** How large a run of the configuration shows pictures. */
  limits(config: RunConfig): SizeLimits {
    const { factor, minPixels, maxPixels } = this.#limits;
    const most = config.maxPixels > 0 ? Math.min(maxPixels, config.maxPixels) : maxPixels;
    return { factor, minPixels: Math.min(minPixels, most), maxPixels: most };
  }

  /** How it looks at rows. */
  settings(config: RunConfig): SurveySettings {
    const chat = this.#tokenizer ? openChat(config.prompt, this.#tokenizer, chooseTools(config)) : undefined;
    return surveySettings(config, this.limits(config), { chat, pictures: this.#pictures });
  }

  /** The prompt with its tokens, or why there is none. */
  prompt(row: Row, imageTokens: readonly number[], config: RunConfig): Pick<RowDetails, "prompt" | "promptProblem"> {
    if (!this.#tokenizer) return { prompt: null, promptProblem: this.#problem };
    try {
      const chat = openChat(config.prompt, this.#tokenizer, chooseTools(config));
      const tokens = promptOf(row, chat, config, imageTokens);
      return { prompt: { tokens, texts: this.#tokenizer.texts(tokens) }, promptProblem: null };
    } catch (error) {
      return { prompt: null, promptProblem: (error as Error).message };
    }
  }
}
