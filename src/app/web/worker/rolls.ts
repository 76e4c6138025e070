import type { ConnectionParts } from "../../../connection/server_connection.ts";
import type { Pixels } from "../../../image/pixels.ts";
import type { Platform } from "../../../platform.ts";
import type { Task } from "../../../tasks/task.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { AskedRollElsewhere, AskedRollHere, RolledElsewhere, RolledHere } from "../../worker_api/roll_api.ts";
import { pageFacts } from "./page_facts.ts";
import type { WeightsBeside } from "./weights_beside.ts";

/** What a policy elsewhere is asked with. */
export interface ElsewhereParts {
  platform: Platform;
  pictures(task: Task, config: RunConfig): Promise<Pixels[]>;
  /** The key for the origin of an address, null where none was entered. */
  keyOf(url: string): string | null;
  connection?: Partial<ConnectionParts>;
}

/** A turn of a person's own server may take this long. */
const timeoutMs = 300_000;

/** One more rollout of a task by weights of its run. @throws Error in one sentence */
export function rollHere(weights: WeightsBeside, asked: AskedRollHere): Promise<RolledHere> {
  const { task, config, greedy, step } = asked;
  // The weights after a step are those that write the rollouts of the next one.
  const of = { ...asked, rollout: { step: step + 1 } };
  return weights.ask(of, async (session, by) => ({
    rollout: await session.rollTask(task, config, { greedy, step }),
    by,
  }));
}

/** One more rollout of a task by a model on a server. @throws Error in one sentence */
export async function rollElsewhere(
  { platform, pictures, keyOf, connection }: ElsewhereParts,
  { task, config, greedy, step, server }: AskedRollElsewhere,
  signal: AbortSignal,
): Promise<RolledElsewhere> {
  // What it imports of prompts and tools comes when it is asked for.
  const { RemoteSession } = await import("../../session/remote_session.ts");
  const { familyWith } = await import("../../session/remote_view.ts");
  if (server.url.trim() === "")
    throw new Error("Expected the address of a server, found none; enter one such as http://127.0.0.1:8000/v1");
  const { frame, ...named } = server;
  const family = frame && familyWith(frame);
  const asked = { ...named, family, key: keyOf(server.url), concurrency: 1, timeoutMs };
  const judgeAccess = { key: keyOf };
  try {
    const session = await RemoteSession.open(platform, config, asked, { connection, judgeAccess, signal });
    try {
      const source = { pictures: () => pictures(task, config) };
      const rolling = session.rollTasks([task], { rolloutsPerTask: 1, greedy, step, source, signal });
      const { value } = await rolling.next();
      const rollout = value?.rollouts[0];
      if (!rollout) throw new Error("Expected a rollout from the server, found none");
      return { rollout, notices: [...session.notices] };
    } finally {
      session.close();
    }
  } catch (error) {
    const { message } = error as Error;
    // A browser reports a server that does not let the page read it as one that is not there.
    if (/^The policy at .* cannot be reached/.test(message))
      throw new Error(
        `${message}; check that it runs there, and that it lets in ${pageFacts().origin} (CORS; vLLM: --allowed-origins '["${pageFacts().origin}"]')`,
      );
    throw error;
  }
}
