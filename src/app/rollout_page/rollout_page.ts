import type { Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import { continuationWords } from "../text/continuation_words.ts";
import { html, Markup } from "./markup.ts";
import type { PagePictures } from "./page_pictures.ts";
import { PictureClasses, stage } from "./page_stage.ts";
import { pageStyle } from "./page_style.ts";
import { rewardTable } from "./reward_rows.ts";
import { transcript } from "./transcript_part.ts";

/** A rollout, or a branch of one, as a page shows it. */
export interface PageRollout {
  rollout: Rollout;
  task: Task;
  pictures: PagePictures;
  textOf(token: number): string;
  /** Id of what it branched off, null for a rollout of the run; it stands indented below that. */
  parent: string | null;
  /** Its name and what was changed there; null for a rollout of the run. */
  change: string | null;
}

/** What a page says of where its rollouts come from: a name and a value a line. */
export interface PageHead {
  title: string;
  facts: readonly [name: string, value: string][];
  /** A page that it belongs to. */
  back?: { href: string; text: string };
}

/** The page may run nothing, load nothing and send nothing: its pictures are in it, and its style. */
export const pagePolicy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * Rollouts as one HTML file without script, which needs nothing beside it: pictures, boxes, transcript with colours,
 * probabilities, rewards. Every text in it is escaped.
 */
export function rolloutPage({ title, facts, back }: PageHead, rollouts: readonly PageRollout[]): string {
  const classes = new PictureClasses();
  const ordered = inOrder(rollouts);
  const body = ordered.map(({ page, depth }) => section(page, depth, classes));
  const list =
    ordered.length > 1 &&
    html`<nav aria-label="Rollouts"><ul>${ordered.map(
      ({ page, depth }) =>
        html`<li style="margin-left: ${depth}em"><a href="#${anchor(page.rollout)}">${name(page)}</a> <span class="soft">${outcome(page.rollout)}</span></li>`,
    )}</ul></nav>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(pageStyle + classes.rules())}</style>
</head>
<body>
<main>
${back && html`<p><a href="${back.href}">${back.text}</a></p>`}
<h1>${title}</h1>
<table class="facts"><tbody>${facts.map(([fact, value]) => html`<tr><th scope="row">${fact}</th><td>${value}</td></tr>`)}</tbody></table>
${list}
${body}
</main>
</body>
</html>
`.html;
}

/** Each branch behind what it left, with how deep it stands. What left something that is not here stands at the end. */
function inOrder(rollouts: readonly PageRollout[]): { page: PageRollout; depth: number }[] {
  const ids = new Set(rollouts.map(({ rollout }) => rollout.id));
  const ordered: { page: PageRollout; depth: number }[] = [];
  const put = (page: PageRollout, depth: number): void => {
    if (ordered.some((other) => other.page === page)) return;
    ordered.push({ page, depth });
    for (const branch of rollouts) if (branch.parent === page.rollout.id) put(branch, depth + 1);
  };
  for (const page of rollouts) if (page.parent === null || !ids.has(page.parent)) put(page, 0);
  for (const page of rollouts) put(page, 0);
  return ordered;
}

function name({ rollout, change }: PageRollout): string {
  if (change !== null) return change;
  const { step, taskIndex, rolloutIndex } = rollout;
  const continuation = continuationWords(rollout);
  return `Step ${step}, task ${taskIndex + 1}, rollout ${rolloutIndex + 1}${continuation === null ? "" : ` (${continuation})`}`;
}

/** "answer 7 · right · reward 2.00". */
function outcome({ answer, reward, end }: Rollout): string {
  const said = answer === null ? `no answer (${end})` : `answer ${answer.slice(0, 80)}`;
  return reward ? `${said} · ${reward.right ? "right" : "wrong"} · reward ${reward.total.toFixed(2)}` : said;
}

/** Letters, digits and dots only. */
const anchor = ({ id }: Rollout): string => `r${id.replace(/[^\w]/g, ".")}`;

function section(page: PageRollout, depth: number, classes: PictureClasses): Markup {
  const { rollout, task, pictures } = page;
  return html`<section id="${anchor(rollout)}" style="margin-left: ${Math.min(depth, 4) * 1.5}em">
<h2>${name(page)}</h2>
<p class="soft">${outcome(rollout)}</p>
<p class="question">${task.question}</p>
<div class="columns">
<div>${stage(rollout, task, pictures, classes)}${pictures.missing !== null && html`<p class="problem">${pictures.missing}.</p>`}
${rewardTable(rollout, task)}</div>
<div>${transcript(rollout, pictures, page.textOf, classes)}</div>
</div>
</section>
`;
}
