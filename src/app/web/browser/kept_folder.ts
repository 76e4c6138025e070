const beginning = "dropped/of ";

/** Where what came with a run lies for its knobs, as if it had been dropped. A comma would part the sources. */
export const keptFolder = (run: string): string => beginning + run.replaceAll(/[,/\\]/g, "_");

/** Whether a knob's text names something that came with a run. */
export const namesKept = (text: string): boolean => text.includes(beginning);
