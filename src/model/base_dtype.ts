/** What weights that are not trained are stored in on the device; auto: as their file has them. */
export const baseDtypes = ["auto", "f32", "bf16", "f16", "int8", "int4", "nf4"] as const;
export type BaseDtype = (typeof baseDtypes)[number];
