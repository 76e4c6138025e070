import type { Rollout } from "../../agent/rollout.ts";
import { writePng } from "../../image/write_png.ts";
import { chatTemplate } from "../../interop/verl/export/chat_template.ts";
import { exportOverrides, overrideLines, requirements, runScript } from "../../interop/verl/export/overrides.ts";
import { parquetRows } from "../../interop/verl/export/parquet_file.ts";
import { pythonFiles } from "../../interop/verl/export/python_files.ts";
import { readmeText } from "../../interop/verl/export/readme_text.ts";
import { rolloutLine } from "../../interop/verl/export/rollout_lines.ts";
import { type ExportedRun, runSettings } from "../../interop/verl/export/run_settings.ts";
import { agentLoopYaml, toolYaml } from "../../interop/verl/export/tool_yaml.ts";
import type { NamedBytes } from "../../platform.ts";
import type { Task } from "../../tasks/task.ts";
import type { FileToZip } from "../archive/zip_writer.ts";
import { modelOfExport } from "./model_of_export.ts";
import { capacityOf, type OpenedExport } from "./opened_export.ts";
import { type ProbeRollout, probesOf, scriptedRollouts } from "./probe_rollouts.ts";
import { isFiles, rowsOf, type Split, tasksOf } from "./rows_of_source.ts";

/** A group of rollouts that exists already: of a run's log, or that the model has just made. */
export interface GivenGroup {
  set: "model" | "run";
  task: Task;
  rollouts: readonly Rollout[];
  /** Tasks that were rolled with it: they say how much was reserved. */
  together: readonly Task[];
}

export interface AskedExport {
  /** A run's last checkpoint, null where nothing was trained. */
  checkpoint: readonly NamedBytes[] | null;
  groups: readonly GivenGroup[];
  /** Rows to train on at most. */
  rows?: number;
  /** Called with how many rows of a file there are so far. */
  progress?(split: Split, rows: number): void;
}

/** Tasks that the check's scripts are played on, and rows that are looked at for unlike ones. */
const scriptedTasks = 3;
const lookedAt = 48;

/**
 * The files of an export, one after another; rows and weights are written while they are read.
 * @throws Error with one sentence where there are no rows, or where the run cannot be written for verl
 */
export async function* exportedFiles(opened: OpenedExport, asked: AskedExport): AsyncGenerator<FileToZip> {
  const { config, described, tools, notes } = opened;
  const model = await modelOfExport(opened, asked.checkpoint);
  const seen = new SeenTasks();
  const counts = { train: 0, heldout: 0 };
  const splits: Split[] = hasHeldOut(opened) ? ["train", "heldout"] : ["train"];
  for (const split of splits) {
    let rows = 0;
    const look = (task: Task): void => {
      if (split === "train") seen.see(task);
      if (++rows % 16 === 0) asked.progress?.(split, rows);
    };
    const tasks = tasksOf(opened, split, split === "train" ? asked.rows : undefined);
    const bytes = parquetRows(rowsOf(opened, tasks, split, look), tools, (written) => {
      counts[split] = written;
    });
    yield { name: `data/${split}.parquet`, bytes, deflate: false };
  }
  if (counts.train === 0) throw new Error(`Expected rows to train on, found none: ${whyNone(opened)}`);
  const probes = await probesFor(opened, seen.chosen, asked.groups);
  const checked = [...new Map(probes.map(({ task }) => [task.id, task])).values()];
  const placed = checked.length > 0 ? checked : seen.chosen;
  yield {
    name: "data/check.parquet",
    bytes: parquetRows(rowsOf(opened, placed, "check"), tools, () => {}),
    deflate: false,
  };
  yield* rolloutFiles(probes, placed);
  yield* model.files();

  const capacity = capacityOf([...seen.largest, ...placed], opened, config);
  const run: ExportedRun = { config, tools, view: opened.view, responseTokens: capacity.responseTokens };
  const settings = exportOverrides(run, model.exported, counts.heldout > 0);
  const template = chatTemplate(config.prompt, described);
  const facts = {
    ...runSettings(run),
    observation_tokens: capacity.observationTokens,
    family: opened.family,
    model: model.exported,
  };
  const all = [...notes, ...leftOut(opened)];
  const texts: Record<string, string> = {
    "README.md": readmeText(run, model.exported, {
      train: counts.train,
      heldOut: counts.heldout,
      rollouts: probes.length,
      notes: all,
    }),
    "requirements.txt": requirements,
    "run.sh": runScript(settings),
    "overrides.txt": `${overrideLines(settings).join("\n")}\n`,
    "settings.json": `${JSON.stringify(facts, null, 2)}\n`,
    "tools.yaml": toolYaml(run),
    "agent_loop.yaml": agentLoopYaml,
    "chat_template.jinja": template,
    ...(model.exported.folder === null ? {} : { "model/chat_template.jinja": template }),
    ...(model.exported.tokenizer ? { "tokenizer/chat_template.jinja": template } : {}),
    ...pythonFiles,
  };
  for (const [name, content] of Object.entries(texts))
    yield { name, bytes: new TextEncoder().encode(content), deflate: true };
}

const hasHeldOut = ({ source, config }: OpenedExport): boolean => !isFiles(source) || config.heldOutRows > 0;

/** Tasks that are as unlike as the first rows have them, and those with the largest pictures. */
class SeenTasks {
  readonly chosen: Task[] = [];
  largest: Task[] = [];
  #count = 0;
  readonly #kinds = new Set<string>();

  see(task: Task): void {
    const area = ({ imageSizesPx }: Task) => Math.max(0, ...imageSizesPx.map(({ width, height }) => width * height));
    if (this.largest.length === 0 || area(task) > area(this.largest[0]!)) this.largest = [task];
    if (this.#count++ >= lookedAt) return;
    const kind = `${Math.min(2, task.imageSizesPx.length)} ${task.tools === false}`;
    if (this.chosen.length >= scriptedTasks && this.#kinds.has(kind)) return;
    this.#kinds.add(kind);
    this.chosen.push(task);
  }
}

async function probesFor(
  opened: OpenedExport,
  scripted: readonly Task[],
  groups: readonly GivenGroup[],
): Promise<ProbeRollout[]> {
  const probes: ProbeRollout[] = [];
  if (opened.tokenizer === null) return probes;
  for (const { set, task, rollouts, together } of groups) {
    const capacity = capacityOf(together, opened, opened.config);
    probes.push(...(await probesOf(opened, task, rollouts, { set, capacity })));
  }
  for (const task of scripted) probes.push(...(await scriptedRollouts(opened, task)));
  return probes;
}

async function* rolloutFiles(probes: readonly ProbeRollout[], tasks: readonly Task[]): AsyncGenerator<FileToZip> {
  const rowOf = new Map(tasks.map(({ id }, row) => [id, row]));
  const lines: string[] = [];
  for (const [i, { pictures, task, ...stored }] of probes.entries()) {
    const names = pictures.map((_, n) => `rollouts/pictures/${i}-${n}.png`);
    for (const [n, picture] of pictures.entries())
      yield { name: names[n]!, bytes: await writePng(picture), deflate: false };
    lines.push(rolloutLine({ ...stored, row: rowOf.get(task.id)!, pictures: names }));
  }
  yield {
    name: "rollouts/rollouts.jsonl",
    bytes: new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")),
    deflate: true,
  };
}

function leftOut({ source }: OpenedExport): string[] {
  if (!isFiles(source)) return [];
  const kinds = [...source.skipped].map(([kind, rows]) => `${rows} (${kind})`);
  const [first] = source.skippedRows;
  return kinds.length === 0
    ? []
    : [`Rows that were left out: ${kinds.join(", ")}; the first is ${first?.[0]}: ${first?.[1]}`];
}

function whyNone(opened: OpenedExport): string {
  const { source, config } = opened;
  const [left] = leftOut(opened);
  if (left !== undefined) return left;
  return isFiles(source) && config.heldOutRows > 0
    ? `all of them are held out by heldOutRows ${config.heldOutRows}; lower it with --held-out-rows`
    : "there is not one in the data";
}
