import type { NamedGraphs, OpenedGraphs } from "../../session/opened_graphs.ts";
import type { AskedRollByGraphs, RolledElsewhere } from "../../worker_api/roll_api.ts";
import type { ElsewhereParts } from "./rolls.ts";

/** Rollouts by ONNX graphs: those that were asked last stay open, as opening them takes longest. */
export class GraphRolls {
  readonly #parts: ElsewhereParts;
  #opened: { key: string; graphs: OpenedGraphs } | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  loading: { doneBytes: number; ofBytes: number } | null = null;

  constructor(parts: ElsewhereParts) {
    this.#parts = parts;
  }

  /** One more rollout of a task. One is made at a time. @throws Error in one sentence */
  roll(asked: AskedRollByGraphs, signal: AbortSignal): Promise<RolledElsewhere> {
    const rolling = this.#turn.then(() => this.#roll(asked, signal));
    this.#turn = rolling.catch(() => {});
    return rolling;
  }

  async #roll(
    { task, config, greedy, step, graphs: named }: AskedRollByGraphs,
    signal: AbortSignal,
  ): Promise<RolledElsewhere> {
    const { platform, pictures, keyOf } = this.#parts;
    const graphs = await this.#open(named);
    signal.throwIfAborted();
    const { OnnxSession } = await import("../../session/onnx_session.ts");
    const session = await OnnxSession.open(platform, config, graphs, { judgeAccess: { key: keyOf }, signal });
    try {
      const source = { pictures: () => pictures(task, config) };
      const rolling = session.rollTasks([task], { rolloutsPerTask: 1, greedy, step, source, signal });
      const { value } = await rolling.next();
      const rollout = value?.rollouts[0];
      if (!rollout) throw new Error("Expected a rollout from the graphs, found none");
      return { rollout, notices: [`${graphs.name} on ${graphs.runBy}`, ...session.notices] };
    } finally {
      session.close();
    }
  }

  async #open(named: NamedGraphs): Promise<OpenedGraphs> {
    const key = JSON.stringify(named);
    if (this.#opened?.key === key) return this.#opened.graphs;
    await this.#opened?.graphs.close();
    this.#opened = null;
    const { openGraphs } = await import("../../session/opened_graphs.ts");
    const { openOnnxRuntime } = await import("./onnx_runtime.ts");
    try {
      const graphs = await openGraphs(this.#parts.platform, named, {
        openRuntime: openOnnxRuntime,
        progress: (doneBytes, ofBytes) => {
          this.loading = { doneBytes, ofBytes };
        },
      });
      this.#opened = { key, graphs };
      return graphs;
    } finally {
      this.loading = null;
    }
  }
}
