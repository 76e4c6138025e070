import { answerIn, type ForeignFormat, numberOf, type Row, textOf, turnsIn } from "./foreign_rollout.ts";
import { piecesOfMessages, promptOfMessages } from "./messages.ts";

const objectOf = (value: unknown): Row =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : {};

/** verifiers' results.jsonl (verifiers/utils/save_utils.py, state_to_output): messages, a reward, named metrics. It has no steps. */
export const verifiersRows: ForeignFormat = {
  program: "verifiers",
  columns: ["example_id", "prompt", "completion", "reward"],
  read(row) {
    const { prompt: asked, completion } = row;
    const pieces = Array.isArray(completion) ? piecesOfMessages(completion) : turnsIn(textOf(completion));
    const total = numberOf(row.reward);
    const error = objectOf(row.error);
    return {
      step: 1,
      taskKey: textOf(row.example_id),
      prompt: Array.isArray(asked) ? promptOfMessages(asked) : textOf(asked),
      pieces,
      expected: textOf(row.answer),
      answer: answerIn(pieces.map(({ text }) => text).join("")),
      reward: total === null ? null : { total, parts: { reward: total }, right: total > 0, verdict: "reward above 0" },
      advantage: numberOf(row.advantage),
      end: row.is_truncated === true ? "length" : "answer",
      error: typeof error.error === "string" ? error.error : null,
      dataSource: typeof row.task === "string" ? row.task : null,
    };
  },
};

/**
 * verifiers' traces.jsonl (verifiers/v1/trace.py): a graph of messages with their parents. The path to the last node is
 * read; other branches are left out.
 */
export const tracesRows: ForeignFormat = {
  program: "verifiers (traces)",
  columns: ["id", "task", "nodes", "rewards"],
  read(row) {
    const path = pathIn(Array.isArray(row.nodes) ? row.nodes.map(objectOf) : []);
    const messages = path.map(({ message }) => message);
    const first = messages.findIndex((message) => objectOf(message).role === "assistant");
    const from = first < 0 ? messages.length : first;
    const pieces = piecesOfMessages(messages.slice(from));
    const task = objectOf(row.task);
    const data = objectOf(task.data);
    const parts: Record<string, number> = {};
    for (const [name, one] of Object.entries(objectOf(row.rewards))) {
      const score = numberOf(objectOf(one).score);
      if (score !== null) parts[name] = score * (numberOf(objectOf(one).weight) ?? 1);
    }
    const scored = Object.keys(parts).length > 0;
    const total = Object.values(parts).reduce((sum, value) => sum + value, 0);
    const [failure] = Array.isArray(row.errors) ? row.errors.map(objectOf) : [];
    return {
      step: 1,
      taskKey: textOf(task.key ?? task.hash ?? row.id),
      prompt: promptOfMessages(messages.slice(0, from)),
      pieces,
      expected: textOf(data.answer ?? data.ground_truth),
      answer: answerIn(pieces.map(({ text }) => text).join("")),
      reward: scored ? { total, parts, right: total > 0, verdict: "reward above 0" } : null,
      advantage: null,
      end: row.is_truncated === true ? "length" : "answer",
      error: failure ? textOf(failure.message ?? failure.type) : null,
      dataSource: typeof task.type === "string" ? task.type : null,
    };
  },
};

/** The nodes from the root to the last one. A graph may come from anybody: no node is visited twice. */
function pathIn(nodes: readonly Row[]): Row[] {
  const path: Row[] = [];
  const seen = new Set<number>();
  for (let at: number | null = nodes.length - 1; at !== null && at >= 0 && nodes[at] && !seen.has(at); ) {
    seen.add(at);
    path.push(nodes[at]!);
    at = numberOf(nodes[at]!.parent);
  }
  return path.reverse();
}
