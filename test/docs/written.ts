import { api } from "./api.ts";
import { commandLine, settings } from "./command_line.ts";
import { troubleshooting } from "./troubleshooting.ts";

/** Of the repository. */
export const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Documents that follow from the code, by their paths. */
export const writtenDocuments = (): Record<string, string> => ({
  "docs/api.md": api(`${root}src/`),
  "docs/command-line.md": commandLine(),
  "docs/settings.md": settings(),
  "docs/troubleshooting.md": troubleshooting(`${root}src/`),
});
