import type { Rollout } from "../../agent/rollout.ts";

type Continued = Pick<Rollout, "continues" | "continuedAt">;

/** The number of a rollout among those of its task, as people count; its id where that has none. */
export const rolloutNumber = (id: string): string => {
  const last = /·(\d{1,9})$/.exec(id)?.[1];
  return last === undefined ? id.slice(0, 40) : String(Number(last) + 1);
};

/** What a rollout shares with others of its group, null where it shares nothing. Tokens are counted from 1. */
export function continuationWords({ continues, continuedAt }: Continued): string | null {
  if (continues) return `continues rollout ${rolloutNumber(continues.rollout)} from token ${continues.token + 1} on`;
  return continuedAt === undefined ? null : `is continued by others from token ${continuedAt + 1} on`;
}
