import { isCommit } from "./hub_path.ts";

/** A file of a model on the Hub. */
export interface HubFile {
  path: string;
  sizeBytes: number;
  /** Of its bytes, in hexadecimal; null where the Hub does not say, which it does of large files. */
  sha256: string | null;
}

/** What the Hub says of a model. */
export interface HubModel {
  /** What the revision stands for now, "" where the Hub says none. */
  commit: string;
  /** As its card names it, e.g. "apache-2.0"; null where it names none. */
  licence: string | null;
  /** Whether its terms must be accepted before its files can be read. */
  gated: boolean;
  files: HubFile[];
}

const mostFiles = 10_000;
const mostBytes = 2 ** 50;

/** @throws Error with one sentence where it is not what the Hub says of a model */
export function readHubModel(value: unknown, { host, name }: { host: string; name: string }): HubModel {
  const { sha, cardData, gated, siblings, tags } = (value ?? {}) as Record<string, unknown>;
  if (!Array.isArray(siblings))
    throw new Error(`Expected ${host} to list the files of ${name}, found ${JSON.stringify(value)?.slice(0, 60)}`);
  if (siblings.length > mostFiles)
    throw new Error(`${name} has ${siblings.length} files, at most ${mostFiles} are looked at`);
  const card = (typeof cardData === "object" && cardData !== null ? cardData : {}) as Record<string, unknown>;
  // "other" says to look at the name beside it.
  const named = card.license === "other" ? (card.license_name ?? card.license) : card.license;
  const tagged = Array.isArray(tags)
    ? tags.find((tag): tag is string => typeof tag === "string" && tag.startsWith("license:"))?.slice("license:".length)
    : undefined;
  const licence = typeof named === "string" && named !== "" ? named : tagged;
  return {
    commit: typeof sha === "string" && isCommit(sha) ? sha : "",
    licence: licence === undefined ? null : licence.slice(0, 100),
    gated: gated === true || typeof gated === "string",
    files: siblings.flatMap((sibling): HubFile[] => {
      const { rfilename, size, lfs } = (sibling ?? {}) as Record<string, unknown>;
      if (typeof rfilename !== "string" || rfilename === "" || rfilename.length > 1000) return [];
      const large = (lfs ?? {}) as Record<string, unknown>;
      const sizeBytes = [large.size, size].find((one): one is number => Number.isSafeInteger(one)) ?? 0;
      const sum = large.sha256;
      return [
        {
          path: rfilename,
          sizeBytes: Math.min(Math.max(0, sizeBytes), mostBytes),
          sha256: typeof sum === "string" && /^[0-9a-f]{64}$/.test(sum) ? sum : null,
        },
      ];
    }),
  };
}
