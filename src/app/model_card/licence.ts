import { shippedModels } from "../model_folder/shipped_models.ts";

/** What a model card says of the licence, as the Hub's front matter has it. */
export interface Licence {
  /** An identifier of the Hub, "other" where it is not known. */
  id: string;
  /** For people, a sentence. */
  line: string;
}

/** More of a card is not read. */
const mostCharacters = 65_536;

/**
 * The licence of what is exported, from the model that the run began with: a model of ours, or one whose own card says it.
 * @param card of that model, null where there is none
 */
export function licenceOf(model: string, card: string | null): Licence {
  if (shippedModels.has(model) || model.startsWith("trained-here/"))
    return { id: "apache-2.0", line: "Apache-2.0, as Saccade, which made the model that training began with." };
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec((card ?? "").slice(0, mostCharacters))?.[1] ?? "";
  const id = /^license:\s*["']?([\w.-]{1,60})["']?\s*$/m.exec(head)?.[1];
  return id
    ? { id, line: `${id}, as the card of the model says that training began with; its terms hold for these weights.` }
    : {
        id: "other",
        line: "That of the model that training began with: look it up there before you use or share these weights.",
      };
}
