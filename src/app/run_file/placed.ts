import type { RunFile } from "./open_run_file.ts";
import { type Places, placeKnobs } from "./settings_paths.ts";
import { filesFolder } from "./travellers.ts";

/**
 * Where a run's data and models lie once its file is unpacked.
 * @param folder     in which what travelled lies then
 * @param elsewhere  what to say of a path that did not travel
 */
export function placesOf(run: RunFile, folder: string, elsewhere: (path: string) => string): Places {
  const place = (path: string): string => {
    const inFile = path.startsWith(`${filesFolder}/`) ? path.slice(filesFolder.length + 1) : null;
    const travelled =
      inFile !== null && run.files.some((one) => one.path === inFile || one.path.startsWith(`${inFile}/`));
    return travelled ? `${folder}/${inFile}` : path === "" ? "" : elsewhere(path);
  };
  const places = placeKnobs.map((knob) => [
    knob,
    run.config[knob]
      .split(",")
      .map((part) => place(part.trim()))
      .join(","),
  ]);
  return Object.fromEntries(places) as Places;
}
