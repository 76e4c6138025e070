/** Which browser this is, as far as its user agent says: advice differs by engine, version and system. */
export interface Engine {
  /** Every browser on iOS is WebKit. */
  name: "chromium" | "firefox" | "webkit" | "other";
  /** Of the browser, e.g. 153; null where the user agent has none. */
  version: number | null;
  system: "windows" | "mac" | "linux" | "android" | "ios" | "other";
}

/** @param touchPoints  `navigator.maxTouchPoints`: an iPad calls itself a Mac, and no Mac has a touch screen */
export function engineOf(userAgent: string, touchPoints = 0): Engine {
  const system = systemOf(userAgent, touchPoints);
  const version = (name: string): number | null => {
    const found = new RegExp(`\\b${name}/(\\d{1,5})`).exec(userAgent);
    return found ? Number(found[1]) : null;
  };
  if (system === "ios") return { name: "webkit", version: version("Version"), system };
  for (const [name, word] of [
    ["firefox", "Firefox"],
    ["chromium", "(?:Headless)?Chrome"],
    ["webkit", "Version"],
  ] as const)
    if (version(word) !== null) return { name, version: version(word), system };
  return { name: "other", version: null, system };
}

function systemOf(userAgent: string, touchPoints: number): Engine["system"] {
  if (/iPhone|iPad|iPod/.test(userAgent)) return "ios";
  // Android calls itself Linux too.
  if (/Android/.test(userAgent)) return "android";
  if (/Windows/.test(userAgent)) return "windows";
  if (/Macintosh/.test(userAgent)) return touchPoints > 1 ? "ios" : "mac";
  return /Linux|CrOS|X11/.test(userAgent) ? (/CrOS/.test(userAgent) ? "other" : "linux") : "other";
}

/** Of the browser that runs this, in the page and in workers. */
export const thisEngine = (): Engine =>
  engineOf(navigator.userAgent, (navigator as { maxTouchPoints?: number }).maxTouchPoints ?? 0);
