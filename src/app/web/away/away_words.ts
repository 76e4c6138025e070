import type { Engine } from "../browser/engine.ts";

/** What this browser does to a tab that is not seen, in sentences. */
export function hiddenTabWords({ name, system }: Engine): string[] {
  const always =
    "A run goes on in a tab that is hidden: it is in a worker, and no timer holds it up; on a busy machine the browser may give it less. It is saved when the tab is hidden, and drawn again when you are back.";
  if (system === "ios" || system === "android")
    return [
      "On a phone or tablet the system stops a page soon after it is out of sight, or the screen is off. The run is saved then and can be gone on with.",
    ];
  if (name === "chromium")
    return [
      always,
      "Chrome and Edge may freeze a tab that has been hidden for five minutes while their energy saver is on, and close one where memory is short (chrome://settings/performance has both). Where that happened the page says so.",
    ];
  if (name === "firefox")
    return [always, "Firefox may unload hidden tabs where memory is short. What is saved can be gone on with."];
  return [always];
}

/** What Safari lacks, by WebKit's documents; null for other browsers. Not tried: no Safari was at hand. */
export function safariLimits({ name, system }: Engine): string[] | null {
  if (name !== "webkit") return null;
  const kept =
    "What a page keeps is deleted after seven days of use of Safari without a visit to it; added to the Home Screen or the Dock it stays. Take runs that you need home as files.";
  return system === "ios"
    ? [
        kept,
        "A page that takes more than about 1.5 GB is reloaded, and a GPU buffer has at most 1 GB: train the small models that come with the page.",
        "Only pages on the Home Screen may notify.",
      ]
    : [
        kept,
        "A judge on http://localhost cannot be reached from a page over https; npm start serves the page on this machine.",
      ];
}
