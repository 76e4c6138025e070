import { vi } from "vitest";

/** Passes once a check does. vi.waitFor gives up after one second, which is too early on a slow machine. */
export const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 15_000 });
