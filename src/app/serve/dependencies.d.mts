/** See dependencies.mjs, which is JavaScript so that Node runs it before anything is installed. */
export function nodeProblem(version?: string): string | null;
export function dependenciesProblem(root: string): "missing" | "older than package-lock.json" | null;
