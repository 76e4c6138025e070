import { parquetWriteBuffer } from "hyparquet-writer";
import type { NamedBytes } from "../../platform.ts";
import { continuationFields } from "./continuation_fields.ts";
import type { Logged } from "./logged_steps.ts";
import { markFields } from "./rollout_marks.ts";
import { promptText, responseText, type TokenTexts } from "./rollout_texts.ts";

/**
 * TRL's `completions/completions_<step>.parquet` (GRPOTrainer with log_completions): step, prompt, completion, one
 * column per part of the reward, and the advantage. `reward` is their sum, which TRL leaves to the reader. Null where
 * the judge failed. Special tokens are kept, TRL leaves them out.
 */
export async function* trlLog(log: AsyncIterable<Logged>, texts: TokenTexts): AsyncGenerator<NamedBytes> {
  for await (const one of log) {
    if (one.kind !== "step" || one.groups.length === 0) continue;
    const rollouts = one.groups.flatMap((group) => group.rollouts);
    const parts = [...new Set(rollouts.flatMap(({ reward }) => Object.keys(reward?.parts ?? {})))];
    const string = (name: string, data: string[]) => ({ name, data, type: "STRING" as const, nullable: false });
    const double = (name: string, data: (number | null)[]) => ({ name, data, type: "DOUBLE" as const, nullable: true });
    const said = rollouts.map(markFields(one));
    const marks =
      one.marks.size === 0
        ? []
        : [
            { name: "note", data: said.map(({ note }) => note ?? null), type: "STRING" as const, nullable: true },
            { name: "tags", data: said.map(({ tags }) => tags ?? null), type: "STRING" as const, nullable: true },
            { name: "judge_wrong", data: said.map((one) => one.judge_wrong ?? false), type: "BOOLEAN" as const },
          ];
    const continued = rollouts.map(continuationFields(one));
    const continuations = continued.some(({ continues }) => continues)
      ? [
          {
            name: "continues",
            data: continued.map(({ continues }) => continues ?? null),
            type: "STRING" as const,
            nullable: true,
          },
          double(
            "continues_from",
            continued.map((of) => of.continues_from ?? null),
          ),
          double(
            "continued_at",
            continued.map((of) => of.continued_at ?? null),
          ),
        ]
      : [];
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: "step", data: rollouts.map(() => BigInt(one.step)), type: "INT64", nullable: false },
        string(
          "prompt",
          rollouts.map((rollout) => promptText(rollout, texts)),
        ),
        string(
          "completion",
          rollouts.map((rollout) => responseText(rollout, texts)),
        ),
        ...parts.map((part) =>
          double(
            part,
            rollouts.map(({ reward }) => reward?.parts[part] ?? null),
          ),
        ),
        double(
          "reward",
          rollouts.map(({ reward }) => reward?.total ?? null),
        ),
        double(
          "advantage",
          rollouts.map(({ advantage }) => advantage),
        ),
        ...continuations,
        ...marks,
      ],
      createdBy: "saccade",
    });
    const name = `completions/completions_${String(one.step).padStart(5, "0")}.parquet`;
    yield { name, bytes: new Uint8Array(buffer) };
  }
}
