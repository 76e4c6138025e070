const place = "saccade.hub-token";

/** The token of the Hub that a person asked to keep on this device; empty where there is none, or storage is forbidden. */
export function rememberedToken(): string {
  try {
    return localStorage.getItem(place) ?? "";
  } catch {
    return "";
  }
}

/** Keeps it, or forgets it where it is empty. False where the browser does not let the page. */
export function rememberToken(token: string): boolean {
  try {
    if (token === "") localStorage.removeItem(place);
    else localStorage.setItem(place, token);
    return true;
  } catch {
    return false;
  }
}
