import type { Platform } from "../../../platform.ts";
import type { Tokenizer } from "../../../policy/tokenizer.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import { openTokenizer } from "../../model_folder/qwen_tokenizer.ts";

/**
 * The tokenizer of a folder, or of a run's model.
 * @throws Error that says where else it may be had from
 */
export async function runTokenizer(
  folder: string,
  { openPlatform }: { openPlatform(needsGpu: boolean): Promise<Platform> },
): Promise<Tokenizer> {
  const platform = await openPlatform(false);
  try {
    return await openTokenizer(fileOrNull(filesIn(platform, folder)));
  } catch (error) {
    throw new Error(
      `the tokenizer of ${folder} cannot be opened (${(error as Error).message}); name a folder that has one with --tokenizer`,
    );
  }
}
