/** One series over the steps of its plot; null where there is no value. */
export interface Line {
  name: string;
  /** CSS variable. */
  colour: string;
  values: readonly (number | null)[];
  /** "edge": the end of a band, which has no line of its own. */
  look?: "faint" | "dots" | "rings" | "edge";
  /** Lengths of strokes and gaps in CSS pixels; a whole line where absent. */
  dash?: readonly number[];
}

/** What is filled between two lines, by their places. */
export interface Band {
  low: number;
  high: number;
  colour: string;
}

/** What happened at a step: drawn over the plot. */
export interface Mark {
  step: number;
  kind: "settings" | "evaluation" | "alarm";
}
