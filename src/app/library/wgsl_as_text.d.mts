import type { Plugin } from "vite";

/** See wgsl_as_text.mjs. */
export function wgslAsText(): Plugin;

/** See wgsl_as_text.mjs. */
export function compactWgsl(code: string): string;
