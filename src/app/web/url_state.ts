import { readJudgeAddress } from "../../reward/judge_address.ts";
import { checkKnob, nearest, resolveConfig } from "../../train/config.ts";
import { knobs, type RunConfig } from "../../train/knobs.ts";
import { presets } from "../../train/presets.ts";
import { type Tab, tabs } from "./store.ts";

/** What a link to the page carries: the experiment and what is looked at. */
export interface UrlState {
  /** Preset, seed and what differs from the preset. */
  changes: Partial<RunConfig>;
  tab: Tab;
  /** Rollout.id, or null. */
  rollout: string | null;
  /** Name of a stored run that is replayed, or null. */
  run: string | null;
  /** Fields that the page does not use; they stay in the address. */
  others: [key: string, value: string][];
}

const ownKeys = ["tab", "rollout", "run"];
/** Fields that other parts of the product read from the address. */
const foreignKeys = ["trace"];

/** Reads the part of an address after "?". What cannot be used is left out and explained, one sentence each. */
export function readUrl(search: string): { state: UrlState; messages: string[] } {
  const messages: string[] = [];
  const state: UrlState = { changes: {}, tab: "train", rollout: null, run: null, others: [] };
  const changes: Record<string, unknown> = {};
  for (const [key, value] of new URLSearchParams(search)) {
    try {
      if (key === "tab") state.tab = checkTab(value);
      else if (key === "rollout") state.rollout = value.replaceAll(".", "·");
      else if (key === "run") state.run = value;
      else if (key === "preset") changes.preset = checkPreset(value);
      else if (Object.hasOwn(knobs, key)) {
        if (key === "judgeUrl" && value !== "") readJudgeAddress(value);
        changes[key] = checkKnob(key, value);
      } else {
        state.others.push([key, value]);
        if (!foreignKeys.includes(key)) throw new Error(unknownKey(key));
      }
    } catch (error) {
      messages.push(`In the address: ${(error as Error).message}`);
    }
  }
  try {
    resolveConfig(changes);
  } catch (error) {
    messages.push(`In the address: ${(error as Error).message}; the preset's sizes are used`);
    delete changes.shapeMinPx;
    delete changes.shapeMaxPx;
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
  if (state.rollout !== null) fields.push(["rollout", state.rollout.replaceAll("·", ".")]);
  return `?${new URLSearchParams([...fields, ...state.others])}`;
}

/**
 * The changes without those that say what the preset says anyway; preset and seed always stay, and the judge beside an
 * address, which would choose another.
 */
export function differences(changes: Partial<RunConfig>): Partial<RunConfig> {
  const base = resolveConfig({ preset: changes.preset });
  const kept = Object.entries(changes).filter(
    ([key, value]) =>
      key === "preset" ||
      key === "seed" ||
      (key === "judge" && changes.judgeUrl !== undefined) ||
      base[key as keyof RunConfig] !== value,
  );
  return Object.fromEntries(kept);
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
