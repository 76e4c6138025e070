import type { Platform } from "../../platform.ts";
import { hubPath, hubText, isCommit, isHubPath, readHubPath } from "../network/hub_path.ts";
import type { NamedSources } from "./run_sources.ts";

/**
 * The configuration with the commit in the place of each branch or tag of the Hub, so that the run goes on with the same
 * files whatever the branch stands for then. @throws Error with one sentence where the Hub does not answer
 */
export async function atCommits<Config extends NamedSources>(config: Config, platform: Platform): Promise<Config> {
  const pinned = async (text: string, kind: "models" | "datasets"): Promise<string> => {
    const path = text.startsWith("dropped/") ? null : hubPath(text, kind);
    if (path === null) return text;
    const place = readHubPath(path);
    if (isCommit(place.revision)) return text;
    const { commit = "" } = (await platform.versionOf?.(path)) ?? {};
    if (!isCommit(commit)) return text;
    const long = hubText({ ...place, revision: commit });
    return isHubPath(text) ? long : `${place.repository}@${commit}${place.path && `/${place.path}`}`;
  };
  const data = config.data.split(",").map((part) => pinned(part.trim(), "datasets"));
  return {
    ...config,
    model: await pinned(config.model, "models"),
    adapter: config.adapter && (await pinned(config.adapter, "models")),
    data: config.data && (await Promise.all(data)).join(","),
  };
}
