/** The Content-Security-Policy of a file. */
export function contentPolicy(path: string): string;
