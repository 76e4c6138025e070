const beginning = "dropped/of ";

/** Where what came with a run lies for its knobs, as if it had been dropped. A comma would part the sources. */
export const keptFolder = (run: string): string => beginning + run.replaceAll(/[,/\\]/g, "_");

/** Whether all that a knob names came with a run. */
export const isKept = (text: string): boolean => text.split(",").every((part) => part.trim().startsWith(beginning));
