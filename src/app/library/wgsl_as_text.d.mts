import type { Plugin } from "vite";

/** See wgsl_as_text.mjs. */
export function wgslAsText(): Plugin;
