import { loggedSteps } from "../../../interop/logs/logged_steps.ts";
import type { Platform } from "../../../platform.ts";
import type { TrainEvent } from "../../../train/events.ts";
import { type FileToZip, streamOf, writeZip } from "../../archive/zip_writer.ts";
import { LogReader } from "../../run/log_reader.ts";
import { exportedFiles } from "../../verl_export/exported_files.ts";
import { lastGroups } from "../../verl_export/logged_groups.ts";
import { openExport } from "../../verl_export/opened_export.ts";
import type { VerlArchive } from "../../worker_api/run_files_api.ts";
import { fileName } from "../browser/download.ts";
import { isDropped } from "../browser/dropped_files.ts";
import { storedCheckpoint, storedLog, storedSettings } from "./run_store.ts";

/**
 * A stored run for verl, with the weights of its checkpoint. Needs no GPU; pictures are rendered or read again here.
 * @param rows  to train on, at most
 * @throws Error with one sentence where there is no checkpoint, or where the run cannot be written for verl
 */
export async function verlArchive(platform: Platform, run: string, rows: number): Promise<VerlArchive> {
  const checkpoint = await storedCheckpoint(run);
  if (!checkpoint)
    throw new Error(
      `The run "${run}" has no checkpoint, so there are no weights of it; go on with it, and Pause saves one`,
    );
  const [config, log] = await Promise.all([storedSettings(run), storedLog(run)]);
  try {
    const opened = await openExport(config, platform);
    const groups = await lastGroups(loggedSteps(eventsIn(log, run)));
    const name = `${fileName(run)}-verl`;
    const files = inFolder(name, exportedFiles(opened, { checkpoint, groups, rows }));
    // The browser keeps what it has of a large answer on its disk.
    const blob = await new Response(streamOf(writeZip(files, new Date()))).blob();
    return { name, archive: blob.slice(0, blob.size, "application/zip"), notes: opened.notes };
  } catch (error) {
    const dropped = [config.model, config.data].find(isDropped);
    const remedy = dropped === undefined ? "" : `; drop the same folder on the page again (${dropped})`;
    throw new Error(`${(error as Error).message}${remedy}`);
  }
}

async function* inFolder(folder: string, files: AsyncIterable<FileToZip>): AsyncGenerator<FileToZip> {
  for await (const file of files) yield { ...file, name: `${folder}/${file.name}` };
}

async function* eventsIn(log: string, name: string): AsyncGenerator<TrainEvent> {
  const reader = new LogReader(`the run "${name}"`, "remove it or choose another");
  for (const line of log.split("\n")) {
    const event = reader.line(line);
    if (event) yield event;
  }
}
