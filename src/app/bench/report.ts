import type { Roofline } from "./roofline.ts";
import type { BenchGap, BenchLine } from "./workload.ts";

/** What torch says of one workload, as bench/torch_peers.py prints it. */
export interface PeerLine {
  id: string;
  ms?: number;
  /** What it is that was timed, e.g. "torch.mm". */
  what?: string;
  failed?: string;
  /** Without a CUDA card shapes are small, as ours are on a software adapter. */
  small?: boolean;
  peak_gb?: number;
  start_gb?: number;
  versions?: Readonly<Record<string, string>>;
}

/** Everything that one run of `bench` found out. Also the format of --json. */
export interface BenchReport {
  type: "bench";
  format: 1;
  /** ISO */
  date: string;
  adapter: string;
  /** The driver in its own words. */
  driver: string;
  runtime: string;
  version: string;
  roofline: Roofline;
  lines: ({ workload: string } & (BenchLine | BenchGap))[];
  /** Tables of kernels, where they were asked for. */
  traces: string[];
  peers: PeerLine[];
  /** Shapes are small: a software adapter. */
  small: boolean;
  /** A sentence each. */
  notes: string[];
}

const number = (value: number): string => (value >= 1000 ? value.toFixed(0) : value.toPrecision(3));

/** What a line achieved: operations or bytes a second, and their share of what the device does at most. */
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

/** The report in Markdown, which reads as text too. */
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
    ...unmatched.flatMap((peer, i) => [
      ...(i === 0 ? [""] : []),
      `- torch, besides: ${peer.id} ${number(peer.ms!)} ms${peer.what ? ` (${peer.what})` : ""}`,
    ]),
    ...report.traces.flatMap((trace) => ["", "```", ...trace.split("\n"), "```"]),
  ];
}

function versionsOf(peers: readonly PeerLine[]): string[] {
  const versions = Object.assign({}, ...peers.map((peer) => peer.versions ?? {})) as Record<string, string>;
  const told = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return told.length === 0 ? [] : [`- the peer, in the same run: ${told.join(", ")}; 1x is its speed, 2x twice that`];
}

/** A table in Markdown, its columns as wide in plain text as they need to be. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")));
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(cells[0]!), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...cells.slice(1).map(line)];
}
