const place = "saccade.judge-keys";

/** Keys of judges that a person asked to keep on this device: [origin, key]. None where storage is forbidden. */
export function rememberedKeys(): [origin: string, key: string][] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? "{}");
    if (typeof kept !== "object" || kept === null) return [];
    return Object.entries(kept).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  } catch {
    return [];
  }
}

/** Keeps the key of an origin, or forgets it where it is null or empty. False where the browser does not let the page. */
export function rememberKey(key: string | null, origin: string): boolean {
  const others = rememberedKeys().filter(([other]) => other !== origin);
  const kept = key ? [...others, [origin, key]] : others;
  try {
    if (kept.length === 0) localStorage.removeItem(place);
    else localStorage.setItem(place, JSON.stringify(Object.fromEntries(kept)));
    return true;
  } catch {
    return false;
  }
}
