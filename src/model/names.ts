/** What names of the vision tower's weights begin with. */
export const visionPrefix = "model.visual.";
/** What names of the language model's weights begin with. */
export const textPrefix = "model.language_model.";

/** The embedding's weight, which is also the head where the two are tied. */
export const embeddingWeight = `${textPrefix}embed_tokens.weight`;
/** The head's weight where it is not tied. */
export const headWeight = "lm_head.weight";

/** Both spellings of tensor (or module) names that transformers has written, as the one that it writes today. */
export function currentName(name: string): string {
  if (name.startsWith("visual.")) return `model.${name}`;
  if (/^model\.(layers|embed_tokens|norm)\b/.test(name)) return name.replace("model.", "model.language_model.");
  return name;
}

/** The spelling before transformers 4.52, which the published Qwen2.5-VL files have. */
export function oldName(name: string): string {
  return name.replace(/^model\.language_model\./, "model.").replace(/^model\.visual\./, "visual.");
}

/**
 * Which names of layers an adapter's files have: those of current transformers, or the older ones, which some servers
 * still want. A reader that expects the others finds no layer, and may say nothing.
 */
export const adapterNames = ["current", "old"] as const;
export type AdapterNames = (typeof adapterNames)[number];
