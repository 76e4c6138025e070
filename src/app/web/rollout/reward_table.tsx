import type { Reward, Rollout } from "../../../agent/rollout.ts";
import type { Task } from "../../../tasks/task.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { figure, setting, shortened, signed } from "../labels/numbers.ts";
import { formulaOf, partLabel, rewardLabel } from "../labels/reward_labels.ts";
import { Term } from "../widgets/term.tsx";

/** Rewards have up to ten. */
const mostParts = 100;

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
                : `${shortened(rollout.answer)} · expected ${shortened(task.answer)}`}
            </td>
          </tr>
          {reward && (
            <tr>
              <td>decided by</td>
              <td>{rollout.unjudged === undefined ? deciderOf(reward) : reward.verdict}</td>
            </tr>
          )}
          {reward &&
            Object.entries(reward.parts)
              .slice(0, mostParts)
              .map(([part, value]) => (
                <tr key={part}>
                  <td>{partName(part, config)}</td>
                  <td>{signed(value)}</td>
                </tr>
              ))}
          <tr class="sum">
            <td>
              <Term of="reward" />
            </td>
            <td>{reward ? figure(reward.total) : "no verdict"}</td>
          </tr>
          {advantage !== null && (
            <tr>
              <td>
                <Term of="advantage" />
              </td>
              <td>{signed(advantage)}</td>
            </tr>
          )}
        </tbody>
      </table>
      {(!reward || rollout.unjudged !== undefined) && <p class="problem small">{whyNone(rollout, config)}</p>}
      {config && <Formula config={config} step={rollout.step} />}
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

/** "wrong, by the rule number" or "right, by judge hardened". */
function deciderOf({ right, verdict: whole }: Reward): string {
  const verdict = shortened(whole);
  const who = verdict.startsWith("judge ") || verdict.startsWith("refused") ? verdict : `rule: ${verdict}`;
  return `${who} · ${right ? "right" : "wrong"}`;
}

/** Why a rollout has no reward: it is left out of its group's statistics and of the loss. */
function whyNone({ end, error, reward, unjudged }: Rollout, config: RunConfig | null): string {
  if (end === "error")
    return `Left out, since something outside the model failed: ${error !== undefined ? shortened(error) : "it did not say what"}`;
  if (config?.reward === "mini-o3" && (end === "turns" || end === "length"))
    return "Left out, as Mini-o3 does with rollouts that ran out of turns or tokens";
  if (config?.reward === "tools-rl" && unjudged === undefined)
    return "Left out: stage 1 of ToolsRL pays for zooms onto the task's gold box, and this task has none";
  if (unjudged !== undefined)
    return `No verdict, ${reward ? `and so paid ${figure(reward.total)}` : "and so left out of its group"}: ${shortened(unjudged)}. It can be judged again under Runs`;
  return (
    error ??
    "The judge gave no verdict, and a reward of 0 would be one: left out of its group; judge the run again under Runs"
  );
}

function partName(part: string, config: RunConfig | null): string {
  if (config === null || config.reward === undefined || config.reward === "weights") {
    if (part === "format") return "format broken";
    if (part === "zoom") return config?.bonus === "unconditional" ? "zoomed" : "zoomed and right";
  }
  return partLabel(part);
}

function Formula({ config, step }: { config: RunConfig; step: number }) {
  if (config.reward === undefined || config.reward === "weights") return <p class="cap mono">{formula(config)}</p>;
  const paid = formulaOf(config.reward);
  const stage = paid?.stage?.(step, config);
  return (
    <p class="cap">
      <b>{rewardLabel(config.reward)}</b>
      {stage !== undefined && `, ${stage}`}
      {paid ? `: ${paid.help}. ${paid.source}` : ": a reward that is not part of Saccade"}
    </p>
  );
}

function formula({ answerWeight, formatWeight, bonusWeight, bonus }: RunConfig): string {
  const zoom =
    bonus === "none" ? "" : ` + ${setting(bonusWeight)}·${bonus === "conditional" ? "(zoom ∧ answer)" : "zoom"}`;
  return `${setting(answerWeight)}·answer + ${setting(formatWeight)}·format${zoom}`;
}
