import { hunt } from "../tasks/worlds/hunt.ts";
import { presetScenes } from "../tasks/worlds/preset_scenes.ts";
import { chosenWorlds } from "../tasks/worlds/table.ts";
import type { World } from "../tasks/worlds/world.ts";
import type { RunConfig } from "./knobs.ts";

/** Settings that can be run, but with which little can be learned. */
export interface WorldHint {
  /** One sentence. */
  sentence: string;
  /** Settings that help, and what a button says that sets them. */
  help: { label: string; changes: Partial<RunConfig> };
}

/** Models that were taught one world. */
const ofNeedle = /^(needle|story|trained-here\/(needle|story)-.*)$/;
/** Tokens of a call that names its picture: of the model of several worlds. */
const callTokens = 18;
/** Dots of a hunt's texts from which on the digit on a disc, a quarter of that, can be read in a crop; source px. */
const huntDotsPx = 6;

/** What is likely to be a mistake in the settings of generated scenes; null where nothing is. */
export function worldHint(config: RunConfig): WorldHint | null {
  if (config.data !== "") return null;
  const chosen = chosenWorlds(config.worlds);
  const names = chosen.map(({ name }) => name);
  const { model, firstTurnTokens, nextTurnTokens, maxToolCalls, zoom, glyphPx, hopsMax } = config;
  const unknown = names.filter((name) => name !== "needle");
  const forCalls = {
    firstTurnTokens: Math.max(firstTurnTokens, callTokens),
    nextTurnTokens: Math.max(nextTurnTokens, callTokens),
  };
  const zoomsOf = (world: World): number => world.mostZooms(config);
  const longest = chosen.reduce((one, other) => (zoomsOf(other) > zoomsOf(one) ? other : one));
  const zooms = zoomsOf(longest);
  if (ofNeedle.test(model) && unknown.length > 0)
    return {
      sentence: `The model ${model.replace(/^trained-here\//, "")} was taught Needle alone: questions of ${unknown.join(", ")} are new to it, and it never learned to chain zooms.`,
      help: {
        label: "Use the model worlds",
        changes: { model: "worlds", ...forCalls, maxToolCalls: Math.max(maxToolCalls, zooms) },
      },
    };
  const cut =
    firstTurnTokens < callTokens
      ? `a first turn may have ${firstTurnTokens}: every call`
      : zooms > 1 && nextTurnTokens < callTokens
        ? `a later turn may have ${nextTurnTokens}: every call but the first`
        : null;
  if (model === "worlds" && zoom && maxToolCalls > 0 && zooms > 0 && cut !== null)
    return {
      sentence: `A call of the model worlds takes ${callTokens} tokens, and ${cut} will be cut off.`,
      help: { label: `Allow ${callTokens}`, changes: forCalls },
    };
  if (zoom && maxToolCalls < zooms)
    return {
      sentence: `Questions of ${longest.name} take up to ${zooms} ${zooms === 1 ? "zoom" : "zooms"}, and a rollout may call ${maxToolCalls === 0 ? "not at all" : maxToolCalls === 1 ? "once" : `${maxToolCalls} times`}: the rest of the answer is a guess.`,
      help: { label: `Allow ${zooms} calls`, changes: { ...forCalls, maxToolCalls: zooms } },
    };
  const smaller = chosen.filter(({ sidePx }) => sidePx < hunt.sidePx).map(({ name }) => name);
  if (names.includes("hunt") && smaller.length > 0)
    return {
      sentence: `Scenes of hunt are 2,048 px wide and those of ${smaller.join(", ")} 512 px: shapes and dots large enough for the one hide each other or need no zoom in the others.`,
      help: { label: "Train on hunt alone, with its sizes", changes: { worlds: "hunt", ...presetScenes.hunt } },
    };
  if (names.includes("hunt") && hopsMax > 2 && glyphPx < huntDotsPx) {
    const { shapeMinPx, shapeMaxPx } = presetScenes.hunt;
    return {
      sentence: `Hunts are 2,048 px wide and some end on a disc whose dots are a quarter of ${glyphPx} px, too small to be read in any crop.`,
      help: {
        label: `Use the sizes of the preset: shapes of ${shapeMinPx} to ${shapeMaxPx} px`,
        changes: { shapeMinPx, shapeMaxPx, glyphPx: presetScenes.hunt.glyphPx },
      },
    };
  }
  return null;
}
