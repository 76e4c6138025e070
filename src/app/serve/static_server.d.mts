/** See static_server.mjs, which is JavaScript so that Node runs it before anything is installed. */
export function serveFolder(folder: string, port: number): Promise<{ address: string; close: () => Promise<void> }>;
