import type { Rollout } from "../../agent/rollout.ts";
import { knownParts } from "../../reward/rewards/table.ts";
import type { Task } from "../../tasks/task.ts";
import { html, type Markup } from "./markup.ts";

/** Rewards have up to ten. */
const mostParts = 100;

/** What a rollout was paid, part by part. */
export function rewardTable({ answer, end, error, reward, unjudged, advantage }: Rollout, task: Task): Markup {
  const rows: [string, string][] = [
    ["answer", answer ?? `none (${end === "error" ? `failed: ${error ?? "it did not say what"}` : `ended by ${end}`})`],
    ["expected", task.answer],
  ];
  if (reward) rows.push(["decided by", `${reward.verdict} · ${reward.right ? "right" : "wrong"}`]);
  if (unjudged !== undefined) rows.push(["no verdict", unjudged]);
  for (const [part, value] of Object.entries(reward?.parts ?? {}).slice(0, mostParts))
    rows.push([knownParts.get(part)?.label ?? part, signed(value)]);
  rows.push(["reward", reward ? signed(reward.total) : "none"]);
  if (advantage !== null) rows.push(["advantage", signed(advantage)]);
  return html`<table class="reward"><caption>Reward</caption><tbody>${rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
  )}</tbody></table>`;
}

const signed = (value: number): string => (value === 0 ? "0" : value.toFixed(2).replace("-", "−"));
