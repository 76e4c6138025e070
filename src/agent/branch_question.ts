import type { Task } from "../tasks/task.ts";
import type { BranchStart, Parent, StartParts } from "./branch_start.ts";
import { expectTyped } from "./branch_text.ts";
import { offersTools } from "./tools/table.ts";

/** Begins again from the prompt, with another question in it. @throws Error where there is none */
export function withQuestion(
  { rollout, task, views }: Parent,
  question: string,
  { chat, tokenizer, settings }: StartParts,
): BranchStart {
  if (question.trim() === "") throw new Error("Expected a question, found none; type what the model is to be asked");
  expectTyped(tokenizer.encode(question), "a question", { chat, tokenizer });
  expectPlaces(question, task, rollout.segments[0]?.images.length ?? 0);
  const ofTask = views.slice(0, rollout.segments[0]?.images.length);
  const asked: Task = {
    ...task,
    question,
    ...(task.messages && { messages: withAsked(task.messages, task.question, question) }),
  };
  const offered = { question, messages: asked.messages, tools: offersTools(task, settings) };
  const tokens = chat.prompt(
    offered,
    ofTask.map(({ modelInput }) => settings.imageTokens(modelInput)),
  );
  const old = rollout.segments[0]?.tokens ?? [];
  let from = 0;
  while (from < tokens.length && tokens[from] === old[from]) from++;
  let same = 0;
  while (same < tokens.length - from && same < old.length - from && tokens.at(-1 - same) === old.at(-1 - same)) same++;
  return {
    segments: [],
    calls: [],
    views: [],
    task: asked,
    place: from,
    givenInPrompt: [from, tokens.length - same],
  };
}

/** @throws Error where a question says that there are other pictures than the task has */
function expectPlaces(question: string, task: Task, pictures: number): void {
  const placesIn = (text: string) => text.split("<image>").length - 1;
  const [before, found] = [placesIn(task.question), placesIn(question)];
  if (found === before || (!task.messages && (found === 0 || found === pictures))) return;
  throw new Error(
    `Expected a question with ${before} times <image>, each of which stands for a picture of the task, found ${found}; ${found > before ? "leave it out" : "put it in"}`,
  );
}

/** The last message of the user with another question; where the old one does not stand in it, all but its pictures goes. */
function withAsked(messages: NonNullable<Task["messages"]>, before: string, question: string) {
  const last = messages.findLastIndex(({ role }) => role === "user");
  return messages.map((message, i) => {
    if (i !== last) return message;
    const { content } = message;
    if (before !== "" && content.includes(before))
      return { ...message, content: content.replace(before, () => question) };
    return { ...message, content: `${"<image>".repeat(content.split("<image>").length - 1)}${question}` };
  });
}
