import type { Conversations, Policy, Turn } from "../../../policy/policy.ts";
import type { Vocabulary } from "../../../policy/vocabulary.ts";

/** What one rollout writes, turn by turn; a turn that ends with null never stops. */
export type Script = readonly (string | null)[];

const stop = "<|im_end|>";

/**
 * A policy that writes what it is told: row r of a batch follows `scripts[r]`, and stops with an empty answer where its
 * script is over. Environments, tools and limits are the run's own.
 */
export function scriptedPolicy(tokenizer: Vocabulary, scripts: readonly Script[]): Policy {
  return {
    begin: async (prompts, rolloutsPerPrompt) => {
      const at = scripts.map(() => 0);
      const turnOf = (row: number, maxTokens: number): Turn => {
        const script = scripts[row] ?? [];
        const said = script[at[row]!++];
        const isOpen = script[at[row]!] === null;
        const all = tokenizer.encode(`${said ?? "<answer>none</answer>"}${isOpen ? "" : stop}`);
        const tokens = all.slice(0, maxTokens);
        const known = tokens.map(() => -1);
        return {
          tokens,
          logprobs: known,
          entropies: [...known].map(() => 1),
          stopped: !isOpen && tokens.length === all.length,
        };
      };
      const conversations: Conversations = {
        rows: prompts.length * rolloutsPerPrompt,
        current: true,
        write: async function* (rows, maxTokens) {
          yield { tokens: 0, waiting: rows.length };
          return rows.map((row) => turnOf(row, maxTokens));
        },
        append: async () => {},
        close: () => {},
      };
      return conversations;
    },
  };
}
