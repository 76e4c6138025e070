import { offersTools } from "../../../agent/tools/table.ts";
import { openChat } from "../../../policy/chats.ts";
import type { OfferedTool } from "../../../policy/offered_tool.ts";
import { deepEyesSystem, plainSystem, verlSystem } from "../../../policy/recipe_texts.ts";
import type { Task } from "../../../tasks/task.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { characters } from "./characters.ts";
import { toolsBlock } from "./chat_template.ts";

/** A message of a row; `tools`: the chat template puts the tools block behind it (DeepEyes' system message). */
export interface RowMessage {
  role: string;
  content: string;
  tools: boolean | null;
}

/** One row in verl's columns, pictures as files. */
export interface VerlRow {
  prompt: RowMessage[];
  images: Uint8Array[];
  dataSource: string;
  answer: string;
  style: "rule" | "model";
  id: string;
  index: number;
  split: string;
  question: string;
  source: string;
  offersTools: boolean;
  /** Null: all tools. verl takes an empty list for that as well, so that a row without a tool names one that there is not. */
  toolSelection: string[] | null;
  goldBox: number[] | null;
  /** Tokens of the prompt, pictures included; null where they were not counted. */
  promptTokens: number | null;
  /** The row's other columns as JSON. */
  columns: string | null;
}

/** Names no tool. */
export const noTool = "none";

/** Longest text of other columns that is taken along, characters. */
const mostColumns = 100_000;

/** A task as a row, its pictures left out. */
export function rowOf(
  task: Task,
  config: RunConfig,
  tools: readonly OfferedTool[],
): Omit<VerlRow, "images" | "index" | "split" | "promptTokens"> {
  const offered = offersTools(task, config);
  const columns = otherColumns(task);
  return {
    prompt: messagesOf(task, config, tools, offered),
    // verl chooses a reward by it where there is no other, and groups metrics.
    dataSource: task.dataSource || task.source,
    answer: task.answer,
    style: config.judge === "rules" ? "rule" : "model",
    id: task.id,
    question: task.question,
    source: task.source,
    offersTools: offered,
    toolSelection: offered && tools.length > 0 ? null : [noTool],
    goldBox: task.goldBoxSourcePx ? [...task.goldBoxSourcePx] : null,
    columns,
  };
}

function otherColumns({ columns }: Task): string | null {
  if (columns === undefined) return null;
  const known = ["prompt", "images", "image", "reward_model", "data_source", "question", "answer"];
  const others = Object.entries(columns).filter(([name]) => !known.includes(name));
  try {
    const text = JSON.stringify(Object.fromEntries(others));
    return others.length === 0 || text.length > mostColumns ? null : text;
  } catch {
    // A whole number that JSON has no place for.
    return null;
  }
}

/** The messages of a row: what the run's prompt says, without the tools block. */
function messagesOf(
  { question, messages, imageSizesPx }: Task,
  { prompt }: Pick<RunConfig, "prompt">,
  tools: readonly OfferedTool[],
  offered: boolean,
): RowMessage[] {
  const chat = openChat(prompt, characters, tools);
  const one = imageSizesPx.map(() => 1);
  const text = characters.decode(chat.prompt({ question, messages, tools: offered }, one));
  const block = prompt === "deepeyes" ? toolsBlock(tools) : "";
  if (prompt === "compact") {
    const offeredText = characters
      .decode(chat.prompt({ question: "", tools: offered }, []))
      .slice(opening.length)
      .split("<|im_end|>")[0]!;
    const asked = text.slice(
      opening.length + offeredText.length,
      text.lastIndexOf("<|im_end|>\n<|im_start|>assistant\n"),
    );
    return [{ role: "user", content: withPlaces(asked), tools: null }];
  }
  if (prompt === "verl") {
    const own = messages && messages.length > 0 ? messages.filter(({ role }) => role !== "system") : null;
    const turns = own ?? [{ role: "user", content: lastUser(text) }];
    return [{ role: "system", content: verlSystem }, ...turns].map((message) => ({
      role: message.role,
      content: withPlaces(message.content),
      tools: null,
    }));
  }
  const turns =
    messages && messages.length > 0
      ? messages
      : [
          { role: "system", content: offered && tools.length > 0 ? deepEyesSystem : plainSystem },
          { role: "user", content: lastUser(text) },
        ];
  const original = deepEyesSystem.slice(plainSystem.length);
  return turns.map(({ role, content }) => {
    const isOriginal = role === "system" && offered && content.endsWith(original);
    // A system message that says it in other words stands as the run writes it.
    const shown = isOriginal
      ? content.slice(0, -original.length)
      : role === "system"
        ? systemAsWritten(content, tools)
        : content;
    return { role, content: withPlaces(shown), tools: isOriginal && block !== "" ? true : null };
  });
}

const opening = "<|im_start|>user\n";

const withPlaces = (text: string): string => text.replaceAll("<|vision_start|><|image_pad|><|vision_end|>", "<image>");

/** The last message of the user in a prompt. */
function lastUser(text: string): string {
  const start = text.lastIndexOf(opening) + opening.length;
  return text.slice(start, text.lastIndexOf("<|im_end|>\n<|im_start|>assistant\n"));
}

function systemAsWritten(content: string, tools: readonly OfferedTool[]): string {
  const ids = openChat("deepeyes", characters, tools).prompt(
    { question: "", messages: [{ role: "system", content }] },
    new Array(content.split("<image>").length - 1).fill(1),
  );
  const text = characters.decode(ids);
  return text.slice("<|im_start|>system\n".length, text.lastIndexOf("<|im_end|>\n<|im_start|>assistant\n"));
}
