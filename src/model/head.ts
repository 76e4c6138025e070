import type { StoredTensor } from "./checkpoint_files.ts";
import type { ModelConfig } from "./config.ts";
import { currentName, embeddingWeight, headWeight } from "./names.ts";

/**
 * Whether logits come from the embedding: config.json says so, and the checkpoint holds no other head. Where it holds
 * another one, transformers loads that and does not tie (`PreTrainedModel.tie_weights`). Comparing reads both tensors.
 */
export async function isHeadTied(
  { tieWordEmbeddings }: ModelConfig,
  tensors: readonly StoredTensor[],
): Promise<boolean> {
  if (!tieWordEmbeddings) return false;
  const named = (name: string) => tensors.find((tensor) => currentName(tensor.name) === name);
  const [head, embedding] = [named(headWeight), named(embeddingWeight)];
  return !head || !embedding || areEqual(head, embedding);
}

/** Number by number, whatever types they are stored in; NaN equals nothing, as in torch. */
async function areEqual(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  if (a.shape.join() !== b.shape.join()) return false;
  const others = b.parts();
  let other = new Float32Array(0);
  let used = 0;
  for await (const { values } of a.parts())
    for (let i = 0; i < values.length; i++, used++) {
      if (used === other.length) {
        const next = await others.next();
        if (next.done) return false;
        other = next.value.values as Float32Array<ArrayBuffer>;
        used = 0;
      }
      if (values[i] !== other[used]) return false;
    }
  return true;
}
