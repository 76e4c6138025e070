import type { Platform } from "../../platform.ts";
import { type Fingerprint, otherSources, putBack } from "../../tasks/fingerprint.ts";
import { hasAdapter } from "../../train/adapter_settings.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isModulePath, isOwnCode } from "../../train/own_code.ts";
import { pathsIn } from "../data/data_paths.ts";
import type { OwnParts } from "../session/run_context.ts";
import { type CodeKnobs, codePrints } from "./code_prints.ts";
import { dataPrint, modelPrints } from "./source_prints.ts";

/** Files that a run is made with. */
export type NamedSources = Pick<RunConfig, "data" | "model" | "adapter">;

/** And code. */
type NamedCode = NamedSources & CodeKnobs;

/**
 * Fingerprints of what a configuration names: rows with the pictures beside them, the model, an adapter to go on from,
 * a person's own code. Generated scenes have none. What is not there has none either: opening it says why.
 * @throws Error with one sentence where something cannot be read
 */
export async function runSources(
  config: NamedSources & { [K in keyof CodeKnobs]?: CodeKnobs[K] },
  platform: Platform,
  own?: OwnParts,
): Promise<Fingerprint[]> {
  const { data, reward = "weights", tools = "" } = config;
  const found = await codePrints({ data, reward, tools }, platform, own);
  if (config.data !== "" && !isOwnCode(config.data)) found.push(...(await dataPrint(config.data, platform)));
  if (config.model !== "") found.push(...(await modelPrints("model", config.model, platform)));
  if (config.adapter !== "") found.push(...(await modelPrints("adapter", config.adapter, platform)));
  return found;
}

/**
 * Looks whether a stored run would go on with what it was made with.
 * @param stored undefined where the run was stored before fingerprints were
 * @returns the fingerprints to store, and a sentence where they could not be compared
 * @throws Error with one sentence where anything that the run still reads is another, or is gone
 */
export async function checkSources(
  config: NamedCode & Pick<RunConfig, "loraRank" | "klLossCoef" | "klRewardCoef">,
  stored: readonly Fingerprint[] | undefined,
  platform: Platform,
  own?: OwnParts,
): Promise<{ sources: Fingerprint[]; notice: string | null }> {
  for (const print of stored ?? [])
    if (print.part !== "weights" && !(await isThere(print, config[print.knob], platform)))
      throw new Error(putBack(print));
  const found = await runSources(config, platform, own);
  if (stored === undefined) {
    const unchecked = [config.data, ...ownCodeIn(config), hasAdapter(config) ? config.model : ""].filter(
      (path) => path !== "",
    );
    const notice =
      unchecked.length === 0
        ? null
        : `This run was stored before its files were: whether ${unchecked.join(" and ")} ${unchecked.length === 1 ? "is" : "are"} what it was made with could not be checked`;
    return { sources: found, notice };
  }
  // A checkpoint of all weights takes the place of the model's, unless they are the reference.
  const { klLossCoef, klRewardCoef } = config;
  const readsWeights = hasAdapter(config) || klLossCoef > 0 || klRewardCoef > 0;
  const sentence = otherSources(stored, found, ({ knob, part }) =>
    part !== "weights" ? true : knob === "model" ? readsWeights : klLossCoef > 0 || klRewardCoef > 0,
  );
  if (sentence !== null) throw new Error(`${sentence}; ${remedy(config.data, sentence)}`);
  return { sources: [...stored], notice: null };
}

const ownCodeIn = ({ reward, tools }: CodeKnobs): string[] => [reward, ...tools.split(",")].filter(isOwnCode);

const remedy = (data: string, sentence: string): string =>
  /\bdropped\//.test(sentence)
    ? "drop the same files again, or begin a new run"
    : /https?:\/\//.test(data)
      ? "the address holds other content by now; begin a new run"
      : "put the same files back, or begin a new run";

/** Whether anything stands where a knob says. What lies behind an address is asked when it is read. */
async function isThere({ knob, part }: Fingerprint, text: string, platform: Platform): Promise<boolean> {
  if (part === "code") {
    const modules = text.split(",").filter(isModulePath);
    return (await Promise.all(modules.map((path) => platform.assetSize(path)))).every((size) => size !== null);
  }
  const files: Record<string, string> = { data: "", model: "/config.json", adapter: "/adapter_config.json" };
  for (const path of knob === "data" ? pathsIn(text) : [text]) {
    const file = path + files[knob];
    if (platform.addressOf(file) !== null) continue;
    if ((await platform.assetSize(file)) === null && (knob !== "data" || (await platform.list(path)) === null))
      return false;
  }
  return true;
}
