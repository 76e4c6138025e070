import { blobBytes } from "../../../tasks/byte_source.ts";
import { readForeign } from "../../foreign_log/read_foreign.ts";
import type { GivenFile } from "../../worker_api/dropped_folder.ts";
import type { TranslatedLog } from "../../worker_api/run_files_api.ts";

/** Lines that are joined at once. */
const someLines = 256;

/** The log of another program among files, as one of ours; null where there is none. @throws Error with one sentence */
export async function translatedLog(files: readonly GivenFile[]): Promise<TranslatedLog | null> {
  const found = await readForeign(files.map(({ path, file }) => blobBytes(path, file)));
  if (!found) return null;
  const pieces: string[] = [];
  let lines: string[] = [];
  const put = (): void => {
    if (lines.length > 0) pieces.push(`${lines.join("\n")}\n`);
    lines = [];
  };
  for (const event of found.events()) if (lines.push(JSON.stringify(event)) >= someLines) put();
  put();
  return { program: found.program, log: new Blob(pieces), notices: found.notices };
}
