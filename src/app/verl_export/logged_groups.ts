import type { Logged } from "../../interop/logs/logged_steps.ts";
import type { GivenGroup } from "./exported_files.ts";

/** Groups of a log that the check plays again. */
const mostGroups = 4;

/** Groups of the last step that has rollouts; none where no step has. */
export async function lastGroups(steps: AsyncIterable<Logged>): Promise<GivenGroup[]> {
  let last: GivenGroup[] = [];
  for await (const one of steps) {
    if (one.kind !== "step" || one.groups.length === 0) continue;
    const together = one.groups.map(({ task }) => task);
    last = one.groups.map(({ task, rollouts }) => ({ set: "run", task, rollouts, together }));
  }
  return last.slice(0, mostGroups);
}
