import { vi } from "vitest";

/** Passes once a check does. vi.waitFor gives up after one second, which is too early on a machine that runs all tests at once. */
export const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 60_000 });
