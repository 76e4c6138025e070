import type { Plugin } from "vite";

export function offlineFiles(folder: string): [path: string, hash: string, isLate: boolean][];
export function writeServiceWorker(): Plugin;
