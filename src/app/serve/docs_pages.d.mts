export function docsPages(root: string): Map<string, string | Uint8Array>;
