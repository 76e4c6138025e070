import { openBrowserPlatform } from "../web/worker/platform.ts";
import { type Host, noRunFolders } from "./host.ts";

/** The library in a page or in one of its workers. Models by their bare names lie in folders beside the page. */
export const host: Host = {
  openPlatform: async () => openBrowserPlatform(new URL("./", self.document?.baseURI ?? self.location.href).href),
  writeFolder: () =>
    Promise.reject(
      new Error("A page writes no folders; take the files from model.files() and offer them for download"),
    ),
  createRun: () => Promise.reject(noRunFolders("a page")),
  resumeRun: () => Promise.reject(noRunFolders("a page")),
};
