import { readServerAddress } from "../../../connection/address.ts";
import { beginningOf, checkKnob, contradiction, contradictions, nearest } from "../../../train/config.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { presets } from "../../../train/presets.ts";
import { parseSorting, sortingText } from "../../rollout_list/fields.ts";
import { parseQuery, queryText } from "../../rollout_list/query.ts";
import { type Lesson, readParts, wholePage } from "./lesson.ts";
import { type Tab, tabs } from "./store.ts";

/** What is looked at. */
export interface Look {
  tab: Tab;
  /** How a link names the run that is shown: a stored one by its name, a recording, or a file that must be opened again. */
  run: string | null;
  /** The step that is looked at, counted as updates are; null: the newest. */
  step: number | null;
  /** How far the run has been played, where that is another step; null: the step that is looked at. */
  at: number | null;
  /** Place of a task in its step, from 1; of use where no rollout is named. */
  task: number | null;
  /** Rollout.id, or null. */
  rollout: string | null;
  /** Tokens of the rollout up to and with the one that is looked at, or null. */
  token: number | null;
  /** Which rollouts are listed, and in which order; "" for all, in the order of the run. */
  find: string;
  sort: string;
  /** Panels beside the rollout that were opened (true) or folded. */
  panels: Readonly<Record<string, boolean>>;
  /** Stored runs whose curves are drawn as well. */
  overlay: readonly string[];
}

/** What a link to the page carries: the experiment and what is looked at. */
export interface UrlState extends Look {
  /** Preset, seed and what differs from the preset. */
  changes: Partial<RunConfig>;
  /** What of the page is hidden; absent where all of it is shown. */
  lesson?: Lesson;
  /** Fields that the page does not use; they stay in the address. */
  others: [key: string, value: string][];
}

const ownKeys = [
  "tab",
  "run",
  "step",
  "at",
  "task",
  "rollout",
  "token",
  "find",
  "sort",
  "panels",
  "overlay",
  "hide",
  "only",
];
const places = ["step", "at", "task", "token"] as const;

const files = "file:";
/** How a link names a run that came from a file, which the link cannot open. */
export const fileLink = (name: string): string => files + name;
/** The name of the file that a link means; null for another link. */
export const linkedFile = (link: string): string | null => (link.startsWith(files) ? link.slice(files.length) : null);

/** Nothing in particular is looked at. */
export const noPlace = {
  run: null,
  step: null,
  at: null,
  task: null,
  rollout: null,
  token: null,
  find: "",
  sort: "",
  panels: {},
  overlay: [],
} as const;
/** Fields that other parts of the product read from the address. */
const foreignKeys = ["trace"];

/** Reads the part of an address after "?". What cannot be used is left out and explained, one sentence each. */
export function readUrl(search: string): { state: UrlState; messages: string[] } {
  const messages: string[] = [];
  const state: UrlState = { changes: {}, tab: "train", ...noPlace, others: [] };
  const changes: Record<string, unknown> = {};
  for (const [key, value] of new URLSearchParams(search)) {
    try {
      if (key === "tab") state.tab = checkTab(value);
      else if (key === "rollout") state.rollout = value.replaceAll(".", "·");
      else if (key === "run") state.run = value;
      else if (key === "panels") state.panels = readPanels(value);
      else if (key === "find") state.find = queryText(parseQuery(value));
      else if (key === "sort") state.sort = sortingText(parseSorting(value));
      else if (key === "overlay") state.overlay = withOverlay(state.overlay, value);
      else if (isPlace(key)) state[key] = checkPlace(key, value);
      else if (key === "hide" || key === "only")
        state.lesson = { ...(state.lesson ?? wholePage), [key]: readParts(key, value) };
      else if (key === "preset") changes.preset = checkPreset(value);
      else if (Object.hasOwn(knobs, key)) {
        if (key === "judgeUrl" && value !== "") readServerAddress(value);
        changes[key] = checkKnob(key, value);
      } else {
        state.others.push([key, value]);
        if (!foreignKeys.includes(key)) throw new Error(unknownKey(key));
      }
    } catch (error) {
      messages.push(`In the address: ${(error as Error).message}`);
    }
  }
  const config = { ...beginningOf(changes), ...changes } as RunConfig;
  for (const pair of contradictions(config)) {
    messages.push(`In the address: ${contradiction(config, pair).message}; the preset's are used`);
    for (const knob of pair) delete changes[knob];
  }
  state.changes = changes as Partial<RunConfig>;
  return { state, messages };
}

/** The address part that readUrl reads back: "?preset=…", keys in the order of the knobs, differences only. */
export function writeUrl(state: UrlState): string {
  const fields: [string, string][] = [["preset", state.changes.preset ?? "needle"]];
  for (const key of Object.keys(knobs) as (keyof RunConfig)[]) {
    const value = state.changes[key];
    if (key !== "preset" && value !== undefined) fields.push([key, String(value)]);
  }
  if (state.tab !== "train") fields.push(["tab", state.tab]);
  if (state.run !== null) fields.push(["run", state.run]);
  for (const key of places) if (key !== "token" && state[key] !== null) fields.push([key, String(state[key])]);
  if (state.rollout !== null) fields.push(["rollout", state.rollout.replaceAll("·", ".")]);
  if (state.token !== null) fields.push(["token", String(state.token)]);
  if (state.find !== "") fields.push(["find", state.find]);
  if (state.sort !== "") fields.push(["sort", state.sort]);
  const panels = Object.entries(state.panels).map(([name, open]) => (open ? name : `-${name}`));
  if (panels.length > 0) fields.push(["panels", panels.join(".")]);
  for (const name of state.overlay) fields.push(["overlay", name]);
  for (const key of ["hide", "only"] as const)
    if (state.lesson && state.lesson[key].length > 0) fields.push([key, state.lesson[key].join(".")]);
  return `?${new URLSearchParams([...fields, ...state.others])}`;
}

/**
 * The changes without those that say what the preset says anyway; preset and seed always stay, and the judge beside an
 * address, which would choose another.
 */
export function differences(changes: Partial<RunConfig>): Partial<RunConfig> {
  const base = beginningOf(changes);
  const kept = Object.entries(changes).filter(
    ([key, value]) =>
      key === "preset" ||
      key === "seed" ||
      (key === "judge" && changes.judgeUrl !== undefined) ||
      base[key as keyof RunConfig] !== value,
  );
  return Object.fromEntries(kept);
}

/** "formula.-reward": opened, and folded. */
function readPanels(value: string): Record<string, boolean> {
  const names = value.split(".");
  if (names.every((name) => /^-?[a-z]{1,20}$/.test(name)) && names.length <= mostPanels)
    return Object.fromEntries(names.map((name) => [name.replace("-", ""), !name.startsWith("-")]));
  throw new Error(`panels must be names with dots between them, found "${value.slice(0, 40)}"`);
}

const mostPanels = 40;

/** One more run whose curves are drawn, each once. */
function withOverlay(names: readonly string[], name: string): readonly string[] {
  if (name.trim() === "") throw new Error("overlay must name a run that is stored in this browser, found nothing");
  if (names.length >= mostOverlaid)
    throw new Error(`overlay may name ${mostOverlaid} runs, found more; those after "${names.at(-1)}" are left out`);
  return names.includes(name) ? names : [...names, name];
}

const mostOverlaid = 100;

const isPlace = (key: string): key is (typeof places)[number] => (places as readonly string[]).includes(key);

function checkPlace(key: string, value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new Error(`${key} must be a whole number of at most nine digits, found "${value.slice(0, 40)}"`);
}

function checkTab(value: string): Tab {
  const tab = tabs.find((candidate) => candidate === value);
  if (!tab) throw new Error(`there is no tab "${value}"; did you mean "${nearest(value, tabs)}"?`);
  return tab;
}

function checkPreset(value: string): string {
  if (Object.hasOwn(presets, value)) return value;
  throw new Error(`there is no preset "${value}"; did you mean "${nearest(value, Object.keys(presets))}"?`);
}

const unknownKey = (key: string): string =>
  `there is no setting "${key}"; did you mean "${nearest(key, [...Object.keys(knobs), ...ownKeys])}"?`;
