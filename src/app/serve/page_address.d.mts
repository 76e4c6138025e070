import type { Plugin } from "vite";

export function pageAddress(address?: string): Plugin;
export function withAddress(
  html: string,
  address: string,
): { html: string; tags: { tag: string; attrs: Record<string, string> }[] };
