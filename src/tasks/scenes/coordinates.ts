import { sceneSidePx } from "./scene.ts";

/** Boxes are written in thousandths of the picture, in steps of 10: one token each. */
const steps = 100;

const step = (px: number): number => Math.min(steps, Math.max(0, Math.round((px / sceneSidePx) * steps)));

/** A coordinate of a scene as a lesson writes it, e.g. "480". */
export const writtenCoordinate = (px: number): string => String((step(px) * 1000) / steps);

/** The nearest coordinate that can be written, source pixels. */
export const onGrid = (px: number): number => (step(px) / steps) * sceneSidePx;
