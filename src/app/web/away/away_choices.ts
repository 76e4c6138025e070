/** What a person wants while nobody looks at the page. */
export interface AwayChoices {
  /** The screen stays on while a run is under way. */
  awake: boolean;
  /** The end of a run is announced by a notification where the page is not seen. */
  tells: boolean;
}

const key = "saccade.away";

/** Storage may be forbidden, or hold something else; the choices then last as long as the page. */
export function keptChoices(): AwayChoices {
  try {
    const kept: Partial<AwayChoices> = JSON.parse(localStorage.getItem(key) ?? "{}") ?? {};
    return { awake: kept.awake === true, tells: kept.tells === true };
  } catch {
    return { awake: false, tells: false };
  }
}

export function keepChoices(choices: AwayChoices): void {
  try {
    localStorage.setItem(key, JSON.stringify(choices));
  } catch {
    // see keptChoices()
  }
}
