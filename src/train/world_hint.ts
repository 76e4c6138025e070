import { textColumns } from "../tasks/scenes/glyphs.ts";
import { hunt } from "../tasks/worlds/hunt.ts";
import { presetScenes } from "../tasks/worlds/preset_scenes.ts";
import { chosenWorlds, worldNamed } from "../tasks/worlds/table.ts";
import { type SceneSettings, usualScenes, type World } from "../tasks/worlds/world.ts";
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
  return sizeHint(names, config) ?? targetHint(names, config);
}

const scenesOf: Record<string, Partial<SceneSettings>> = presetScenes;
/** Share of a scene's area above which shapes often find no places of their own. */
const fullShare = 0.5;
/** Dots of the widest text of a world, and 0 where none is asked about. */
const textDotsOf = (world: string): number =>
  world === "count" || world === "order" ? 0 : textColumns(world === "read" ? "WWW" : "0");

/** Shapes that hide each other, and texts that do not lie on their shapes. */
function sizeHint(names: readonly string[], config: RunConfig): WorldHint | null {
  const { objects, shapeMinPx, shapeMaxPx, glyphPx, overlap } = config;
  const sizes = `shapes of ${shapeMinPx} to ${shapeMaxPx} px`;
  const usual = (world: string): WorldHint["help"] => {
    const { objects, shapeMinPx, shapeMaxPx, glyphPx, overlap } = { ...usualScenes, ...scenesOf[world] };
    const changes = { objects, shapeMinPx, shapeMaxPx, glyphPx, overlap };
    return { label: `Use scenes as ${world} has them`, changes };
  };
  const wordy = names.toSorted((a, b) => textDotsOf(b) - textDotsOf(a))[0]!;
  const full = names.find((name) => {
    const shape = ((shapeMinPx + shapeMaxPx) / 2) ** 2;
    return overlap === 0 && (objects * shape) / worldNamed(name).sidePx ** 2 > fullShare;
  });
  if (full !== undefined)
    return {
      sentence: `${objects} ${sizes} find no room beside each other in ${full}'s scenes of ${worldNamed(full).sidePx} px: what is asked about may be hidden.`,
      help: usual(wordy),
    };
  const textPx = textDotsOf(wordy) * glyphPx;
  if (textPx > shapeMinPx)
    return {
      sentence: `Texts of ${wordy} are ${textPx} px wide, with dots of ${glyphPx} px, and ${sizes} do not hold them.`,
      help: usual(wordy),
    };
  if (textPx > 0 && overlap * shapeMinPx > (shapeMinPx - textPx) / 2)
    return {
      sentence: `With an overlap of ${overlap} shapes hide texts of others, so that some questions of ${wordy} cannot be answered.`,
      help: { label: "Keep shapes apart", changes: { overlap: 0 } },
    };
  return null;
}

/** A stage that pays for zooms onto a marked target, where scenes have none. */
function targetHint(names: readonly string[], { reward, toolStageSteps }: RunConfig): WorldHint | null {
  const unmarked = names.filter((name) => name === "relate" || name === "count" || name === "order");
  if (reward !== "tools-rl" || toolStageSteps === 0 || unmarked.length === 0) return null;
  return {
    sentence: `Scenes of ${unmarked.join(", ")} have no one target for which stage 1 of tools-rl could pay: until step ${toolStageSteps} nothing is learned from them.`,
    help: { label: "Pay for answers from the beginning", changes: { toolStageSteps: 0 } },
  };
}
