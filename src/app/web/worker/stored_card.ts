import type { Platform } from "../../../platform.ts";
import { withCard } from "../../model_card/card_of_run.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import type { ExportedModel } from "../../worker_api/run_api.ts";
import { storedLog, storedSettings } from "./run_store.ts";

/** What is exported of a run of this browser, with its card. */
export async function withStoredCard(exported: ExportedModel, platform: Platform): Promise<ExportedModel> {
  const { run, step, files } = exported;
  const [config, log] = await Promise.all([storedSettings(run), storedLog(run)]);
  const readBase = fileOrNull(filesIn(platform, config.model));
  return { ...exported, files: await withCard({ run, step, config, log, files, readBase }) };
}
