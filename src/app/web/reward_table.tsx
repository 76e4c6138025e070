import type { Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { figure, setting, signed } from "./numbers.ts";

/** What a rollout was paid, part by part, and by which formula. */
export function RewardTable({ rollout, task, config }: { rollout: Rollout; task: Task; config: RunConfig | null }) {
  const { reward, advantage } = rollout;
  return (
    <>
      <table class="kv">
        <tbody>
          <tr>
            <td>answer</td>
            <td>
              {rollout.answer === null
                ? `none (${endings[rollout.end]})`
                : `${rollout.answer} · expected ${task.answer}`}
            </td>
          </tr>
          {reward &&
            Object.entries(reward.parts).map(([part, value]) => (
              <tr key={part}>
                <td>{partName(part, reward.verdict, config)}</td>
                <td>{signed(value)}</td>
              </tr>
            ))}
          <tr class="sum">
            <td>reward</td>
            <td>{reward ? figure(reward.total) : "not judged"}</td>
          </tr>
          {advantage !== null && (
            <tr>
              <td>advantage</td>
              <td>{signed(advantage)}</td>
            </tr>
          )}
        </tbody>
      </table>
      {rollout.error && <p class="problem small">{rollout.error}</p>}
      {config && <p class="cap mono">{formula(config)}</p>}
    </>
  );
}

const endings: Record<Rollout["end"], string> = {
  answer: "answered",
  malformed: "malformed turn",
  length: "out of tokens",
  turns: "out of turns",
  error: "failed",
};

function partName(part: string, verdict: string, config: RunConfig | null): string {
  if (part === "answer") return `right answer (rule: ${verdict})`;
  if (part === "format") return "format broken";
  if (part === "zoom") return config?.bonus === "unconditional" ? "zoomed" : "zoomed and right";
  return part;
}

function formula({ answerWeight, formatWeight, bonusWeight, bonus }: RunConfig): string {
  const zoom =
    bonus === "none" ? "" : ` + ${setting(bonusWeight)}·${bonus === "conditional" ? "(zoom ∧ answer)" : "zoom"}`;
  return `${setting(answerWeight)}·answer + ${setting(formatWeight)}·format${zoom}`;
}
