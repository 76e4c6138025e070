import type { Turn } from "../policy.ts";
import type { Reply } from "./read_reply.ts";
import type { RemoteParts } from "./remote_policy.ts";
import { withHermesCalls } from "./written_calls.ts";

/** A reply as a turn: its tokens as the server reports them, or its text cut at words. */
export function turnOf(
  { text, calls, tokens: reported, stopped, promptTokens, writtenTokens }: Reply,
  { vocabulary, tools, view }: Pick<RemoteParts, "vocabulary" | "tools" | "view">,
  model: string,
): Turn {
  const read = withHermesCalls(text, calls, tools);
  const tokens = reported
    ? reported.map((token) => vocabulary.add(token.text, token.bytes ?? undefined))
    : // A native call is part of what was written.
      vocabulary.encode(calls.length > 0 ? read : text);
  const alternatives = reported?.map((token) => token.alternatives) ?? [];
  return {
    tokens,
    logprobs: reported?.map(({ logprob }) => Math.min(0, logprob)) ?? [],
    entropies: [],
    stopped,
    text: stopped ? `${read.replace(/<\|im_end\|>\s*$/, "")}<|im_end|>` : read,
    elsewhere: {
      model,
      view,
      tokenCount: writtenTokens ?? reported?.length ?? null,
      promptTokens,
      ...(alternatives.some((list) => list.length > 0) ? { alternatives } : {}),
    },
  };
}
