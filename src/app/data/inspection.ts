import type { RowSource } from "../../tasks/rows/row.ts";
import type { Surveyed, SurveySettings } from "../../tasks/rows/survey.ts";
import { lookAt } from "../../tasks/sources/file_tasks.ts";

/** What a source holds, and what would become of it. */
export interface Inspection {
  name: string;
  kind: string;
  rows: number;
  kept: number;
  /** Rows by data_source and by env_name, by how many pictures they have. */
  dataSources: Map<string, number>;
  environments: Map<string, number>;
  picturesPerRow: Map<string, number>;
  /** Pictures by format and mode. */
  formats: Map<string, number>;
  /** Of each picture whose header could be read. */
  sidesPx: { short: number; long: number }[];
  megapixels: number[];
  imageTokens: number[];
  promptTokens: number[];
  /** False where there is no tokenizer to count prompts with. */
  countsPrompts: boolean;
  /** Rows left out, by why, with the first few rows' sentences. */
  skipped: Map<string, { rows: number; examples: string[] }>;
  /** Pictures of kept rows, by what happens to them. */
  changed: Map<string, number>;
}

const examplesShown = 3;

/** Looks at every row. `headersOnly` does not decode: damage behind a header is not found then. */
export async function inspect(
  source: RowSource,
  settings: SurveySettings,
  {
    headersOnly = false,
    progress = () => {},
    stopping = () => false,
  }: { headersOnly?: boolean; progress?: (rows: number) => void; stopping?: () => boolean } = {},
): Promise<Inspection> {
  const seen: Inspection = {
    name: source.name,
    kind: source.kind,
    rows: 0,
    kept: 0,
    dataSources: new Map(),
    environments: new Map(),
    picturesPerRow: new Map(),
    formats: new Map(),
    sidesPx: [],
    megapixels: [],
    imageTokens: [],
    promptTokens: [],
    countsPrompts: settings.promptTokens !== undefined,
    skipped: new Map(),
    changed: new Map(),
  };
  for (let index = 0; index < source.rows && !stopping(); index++) {
    const { row, found } = await lookAt(source, index, settings, { headersOnly });
    seen.rows++;
    if (row) {
      count(seen.dataSources, row.dataSource || "(none)");
      count(seen.environments, row.envName || "(none)");
    }
    add(seen, index, found);
    progress(seen.rows);
  }
  return seen;
}

function add(seen: Inspection, index: number, { pictures, promptTokens, skip }: Surveyed): void {
  if (skip?.kind !== "row unreadable" && skip?.kind !== "picture unreadable" && skip?.kind !== "aspect ratio")
    count(seen.picturesPerRow, String(pictures.length));
  for (const { format, mode, width, height, imageTokens } of pictures) {
    count(seen.formats, `${format} ${mode}`);
    seen.sidesPx.push({ short: Math.min(width, height), long: Math.max(width, height) });
    seen.megapixels.push((width * height) / 1e6);
    seen.imageTokens.push(imageTokens);
  }
  if (promptTokens !== null) seen.promptTokens.push(promptTokens);
  if (!skip) {
    seen.kept++;
    for (const change of pictures.flatMap(({ changes }) => changes)) count(seen.changed, change);
    return;
  }
  const known = seen.skipped.get(skip.kind) ?? { rows: 0, examples: [] };
  known.rows++;
  if (known.examples.length < examplesShown) known.examples.push(`row ${index}: ${skip.why}`);
  seen.skipped.set(skip.kind, known);
}

const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

/** The inspection for people, a line each. */
export function inspectionLines(seen: Inspection): string[] {
  const entry = (label: string, text: string) => `  ${label.padEnd(16)}${text}`;
  const listed = (counts: Map<string, number>) =>
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([key, rows]) => `${key} ${rows}`)
      .join(", ") || "none";
  const left = seen.rows - seen.kept;
  return [
    `${seen.name}: ${seen.kind}, ${seen.rows} rows`,
    entry("data_source", listed(seen.dataSources)),
    entry("env_name", listed(seen.environments)),
    entry("pictures a row", listed(new Map([...seen.picturesPerRow].map(([n, rows]) => [`${n}:`, rows])))),
    entry("formats", listed(seen.formats)),
    entry("short side, px", spread(seen.sidesPx.map(({ short }) => short))),
    entry("long side, px", spread(seen.sidesPx.map(({ long }) => long))),
    entry("megapixels", spread(seen.megapixels)),
    entry("image tokens", spread(seen.imageTokens)),
    entry("prompt tokens", seen.countsPrompts ? spread(seen.promptTokens) : "not counted; --tokenizer DIR counts them"),
    entry("kept", `${seen.kept} of ${seen.rows} rows`),
    entry("left out", left === 0 ? "none" : `${left} rows`),
    ...[...seen.skipped].flatMap(([kind, { rows, examples }]) => [
      `    ${kind}: ${rows}`,
      ...examples.map((line) => `      ${line}`),
      ...(rows > examples.length ? [`      and ${rows - examples.length} more`] : []),
    ]),
    entry("changed", seen.changed.size === 0 ? "none" : "pictures of kept rows:"),
    ...[...seen.changed].map(([change, pictures]) => `    ${change}: ${pictures}`),
  ];
}

/** "least to most, median m" */
function spread(numbers: readonly number[]): string {
  if (numbers.length === 0) return "none";
  const sorted = [...numbers].sort((a, b) => a - b);
  const round = (x: number) => Number(x.toPrecision(3)).toString();
  const shown = (x: number) => (Number.isInteger(x) ? String(x) : round(x));
  return `${shown(sorted[0]!)} to ${shown(sorted.at(-1)!)}, median ${shown(sorted[sorted.length >> 1]!)}`;
}
