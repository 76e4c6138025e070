import { beginningOf, differences } from "../../train/config.ts";
import type { Metrics, TrainEvent } from "../../train/events.ts";
import { knobs } from "../../train/knobs.ts";
import { metricTable } from "../../train/metrics.ts";
import { curveSvg } from "../model_card/card_curve.ts";
import { html, Markup } from "../rollout_page/markup.ts";
import { pageStyle } from "../rollout_page/page_style.ts";
import { pagePolicy } from "../rollout_page/rollout_page.ts";

/** A step whose rollouts have a page. */
export interface PagedStep {
  step: number;
  file: string;
  rollouts: number;
  shown: number;
}

interface Index {
  name: string;
  head: Extract<TrainEvent, { type: "run" }>;
  updates: readonly { step: number; metrics: Metrics }[];
  evals: readonly Extract<TrainEvent, { type: "eval" }>[];
  steps: readonly PagedStep[];
  stepsWithRollouts: number;
}

/** Rows of the table of steps. */
const mostRows = 200;

const more = `
.curve svg { max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
.scroll { overflow-x: auto; } .numbers td, .numbers th { padding: 2px 12px 2px 0; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.numbers th:first-child { text-align: left; } .settings td, .settings th { text-align: left; padding: 2px 14px 2px 0; font-weight: 400; }
`;

/** The first page of a run: facts, curves, results by step, settings, and the pages of its rollouts. */
export function indexPage({ name, head, updates, evals, steps, stepsWithRollouts }: Index): string {
  const last = updates.at(-1)?.step ?? 0;
  const facts: [string, string][] = [
    ["model", head.model.name],
    ["device", head.adapter],
    ["begun", head.startedAt],
    ["steps", `${last} of ${head.config.steps}`],
  ];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}</title>
<style>${new Markup(pageStyle + more)}</style>
</head>
<body>
<main>
<h1>${name}</h1>
<table class="facts"><tbody>${facts.map(([fact, value]) => html`<tr><th scope="row">${fact}</th><td>${value}</td></tr>`)}</tbody></table>
<section><h2>Curves</h2>
<div class="curve">${new Markup(curves(updates, evals, last))}</div></section>
<section><h2>Rollouts with their pictures</h2>
${
  steps.length === 0
    ? html`<p class="soft">The log holds no rollouts.</p>`
    : html`<ul>${steps.map(({ step, file, rollouts, shown }) => html`<li><a href="${file}">Step ${step}</a> <span class="soft">${shown === rollouts ? `${shown} rollouts` : `${shown} of ${rollouts} rollouts`}</span></li>`)}</ul>`
}
${stepsWithRollouts > steps.length && html`<p class="soft">${steps.length} of ${stepsWithRollouts} steps, spread over the run; the run’s log has them all.</p>`}
</section>
<section><h2>Numbers by step</h2>${numbers(updates)}</section>
${evals.length > 0 && html`<section><h2>Held-out tasks</h2>${evaluations(evals)}</section>`}
<section><h2>Settings</h2>${settings(head)}</section>
</main>
</body>
</html>
`.html;
}

function curves(updates: Index["updates"], evals: Index["evals"], last: number): string {
  const points = (own: readonly { step: number; metrics: Metrics }[], metric: string) =>
    own.flatMap(({ step, metrics }) => (Number.isFinite(metrics[metric]) ? [[step, metrics[metric]!] as const] : []));
  const sampled = evals.filter(({ greedy }) => !greedy);
  return curveSvg(
    [
      { label: "accuracy", colour: "#1b5fb8", dash: "", points: points(updates, "accuracy") },
      { label: "zoom rate", colour: "#b3541e", dash: "6 3", points: points(updates, "zoom_rate") },
      { label: "held-out accuracy", colour: "#1f7a4d", dash: "2 3", points: points(sampled, "accuracy") },
    ],
    last,
  );
}

const shownMetrics = [
  "accuracy",
  "zoom_rate",
  "reward",
  "response_tokens",
  "entropy",
  "zero_variance_groups",
  "truncated",
];

function numbers(updates: Index["updates"]): Markup {
  const names = shownMetrics.filter((name) => updates.some(({ metrics }) => Number.isFinite(metrics[name])));
  if (names.length === 0) return html`<p class="soft">No step was made.</p>`;
  const apart = Math.max(1, Math.ceil(updates.length / mostRows));
  const rows = updates.filter((_, i) => i % apart === 0 || i === updates.length - 1);
  const label = (name: string): string => metricTable[name as keyof typeof metricTable]?.label ?? name;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Numbers by step"><table class="numbers"><thead><tr><th scope="col">step</th>${names.map((name) => html`<th scope="col">${label(name)}</th>`)}</tr></thead>
<tbody>${rows.map(({ step, metrics }) => html`<tr><th scope="row">${step}</th>${names.map((name) => html`<td>${shown(metrics[name])}</td>`)}</tr>`)}</tbody></table></div>
${apart > 1 && html`<p class="soft">Every ${apart}th step of ${updates.length}.</p>`}`;
}

function evaluations(evals: Index["evals"]): Markup {
  return html`<table class="numbers"><thead><tr><th scope="col">step</th><th scope="col">how</th><th scope="col">tasks</th><th scope="col">accuracy</th><th scope="col">zoom rate</th></tr></thead>
<tbody>${evals.slice(-mostRows).map(({ step, greedy, tasks, metrics }) => html`<tr><th scope="row">${step}</th><td>${greedy ? "greedy" : "sampled"}</td><td>${tasks}</td><td>${shown(metrics.accuracy)}</td><td>${shown(metrics.zoom_rate)}</td></tr>`)}</tbody></table>`;
}

function settings({ config }: Index["head"]): Markup {
  if (config.model === "") return html`<p class="soft">This log of another program does not hold its settings.</p>`;
  const changed = differences(config, beginningOf(config));
  return html`<table class="settings"><tbody><tr><th scope="row">preset</th><td>${config.preset}</td><td></td></tr>${changed.map(
    (name) =>
      html`<tr><th scope="row">${name}</th><td>${String(config[name])}</td><td class="soft">${knobs[name].line}</td></tr>`,
  )}</tbody></table>`;
}

function shown(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  return value.toFixed(Math.abs(value) >= 100 ? 0 : 3);
}
