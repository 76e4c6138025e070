/** Boxes are written in thousandths of the picture, in steps of 10: one token each. */
const steps = 100;

const step = (px: number, sidePx: number): number => Math.min(steps, Math.max(0, Math.round((px / sidePx) * steps)));

/** A place in a picture of a width as a lesson writes it, e.g. "480". */
export const writtenCoordinate = (px: number, sidePx: number): string => String((step(px, sidePx) * 1000) / steps);

/** The nearest place that can be written, pixels. */
export const onGrid = (px: number, sidePx: number): number => (step(px, sidePx) / steps) * sidePx;
