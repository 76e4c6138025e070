import type { Roofline } from "./roofline.ts";
import type { BenchGap, BenchLine } from "./workload.ts";

/** A line of bench/torch_peers.py: a workload timed in PyTorch. */
export interface PeerLine {
  id: string;
  ms?: number;
  /** What was timed, e.g. "torch.mm". */
  what?: string;
  failed?: string;
  /** Shapes are small, because there is no CUDA card. */
  small?: boolean;
  peak_gb?: number;
  start_gb?: number;
  versions?: Readonly<Record<string, string>>;
}

/** The results of one run of `bench`. Also the format of --json. */
export interface BenchReport {
  type: "bench";
  format: 1;
  /** ISO */
  date: string;
  adapter: string;
  /** The driver as it describes itself. */
  driver: string;
  runtime: string;
  version: string;
  roofline: Roofline;
  lines: ({ workload: string } & (BenchLine | BenchGap))[];
  /** Tables of kernels, with --trace. */
  traces: string[];
  peers: PeerLine[];
  /** Shapes are small: a software adapter. */
  small: boolean;
  /** One sentence each. */
  notes: string[];
}

const number = (value: number): string => (value >= 1000 ? value.toFixed(0) : value.toPrecision(3));

/** Operations or bytes a second of a line, and their share of the roofline. */
export function achieved(
  { ms, flops, bytes }: Pick<BenchLine, "ms" | "flops" | "bytes">,
  roofline: Roofline,
): { figure: string; share: number | null } {
  if (flops !== undefined) {
    const perSecond = (flops * 1000) / ms;
    return { figure: `${number(perSecond / 1e12)} TFLOP/s`, share: perSecond / roofline.flopsPerSecond };
  }
  if (bytes !== undefined) {
    const perSecond = (bytes * 1000) / ms;
    return { figure: `${number(perSecond / 1e9)} GB/s`, share: perSecond / roofline.copyBytesPerSecond };
  }
  return { figure: "", share: null };
}

/** The report in Markdown that is also readable as plain text. */
export function benchMarkdown(report: BenchReport): string[] {
  const { roofline, lines, peers, notes } = report;
  const times = new Map(peers.map((peer) => [peer.id, peer]));
  const matched = new Set(lines.map((line) => ("failed" in line ? line.id : (line.peer ?? line.id))));
  const unmatched = peers.filter(({ id, ms }) => ms !== undefined && !matched.has(id));
  const rows = lines.map((line) => {
    if ("failed" in line) return [line.workload, line.id, "-", `failed: ${line.failed}`, "", "", "", ""];
    const { figure, share } = achieved(line, roofline);
    const peer = times.get(line.peer ?? line.id);
    const more = Object.entries(line.more ?? {}).map(([name, value]) => `${name} ${number(value)}`);
    return [
      line.workload,
      line.id,
      `${number(line.ms)} (${number(line.msMin)} to ${number(line.msMax)})`,
      [figure, ...more].filter((text) => text !== "").join(", "),
      share === null ? "" : `${(100 * share).toFixed(0)} %`,
      peer?.ms === undefined ? (peer?.failed ? "failed" : "") : number(peer.ms),
      peer?.ms === undefined ? "" : `${(peer.ms / line.ms).toFixed(2)}x`,
      `${line.runs}, ${line.clock}`,
    ];
  });
  return [
    `# Bench, ${report.date.slice(0, 16).replace("T", " ")} UTC`,
    "",
    `- ${report.adapter}; driver: ${report.driver}`,
    `- ${report.runtime}; Saccade ${report.version}`,
    `- roofline of the same run: copy ${number(roofline.copyBytesPerSecond / 1e9)} GB/s read plus written, f32 multiply-adds ${number(roofline.flopsPerSecond / 1e12)} TFLOP/s`,
    ...versionsOf(peers),
    ...notes.map((note) => `- ${note}`),
    "",
    ...table(
      [
        "goal",
        "workload",
        "ours, ms: median (least to most)",
        "achieved",
        "of roofline",
        "torch, ms",
        "of torch",
        "runs, clock",
      ],
      rows,
    ),
    ...(unmatched.length > 0 ? [""] : []),
    ...unmatched.map(({ id, ms = 0, what }) => `- torch, besides: ${id} ${number(ms)} ms${what ? ` (${what})` : ""}`),
    ...report.traces.flatMap((trace) => ["", "```", ...trace.split("\n"), "```"]),
  ];
}

function versionsOf(peers: readonly PeerLine[]): string[] {
  const versions = Object.assign({}, ...peers.map((peer) => peer.versions ?? {})) as Record<string, string>;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return named.length === 0 ? [] : [`- the peer, in the same run: ${named.join(", ")}; 1x is its speed, 2x twice that`];
}

/** A table in Markdown, with columns aligned in plain text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const escaped = (row: readonly string[]) => row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " "));
  const [top, body] = [escaped(head), rows.map(escaped)];
  const widths = top.map((_, i) => Math.max(3, ...[top, ...body].map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(top), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)];
}
