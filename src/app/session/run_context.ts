import { chooseTools } from "../../agent/tools/table.ts";
import type { Tool } from "../../agent/tools/tool.ts";
import type { SizeLimits } from "../../image/smart_resize.ts";
import type { Platform } from "../../platform.ts";
import type { Chat } from "../../policy/chat.ts";
import { openChat } from "../../policy/chats.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import type { AnswerJudge } from "../../reward/judges/judge.ts";
import { openJudge, rulesJudge } from "../../reward/judges/remote_judge.ts";
import type { VerdictCache } from "../../reward/judges/verdict_cache.ts";
import { needle } from "../../tasks/sources/needle.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { openRunTasks } from "../data/run_tasks.ts";
import { judgeSettingsOf } from "../judge/judge_settings.ts";
import type { PicturePool } from "./picture_pool.ts";

/** What a configuration decides beside the model: chat format, task source, judge. */
export interface RunContext {
  config: RunConfig;
  /** What the configuration offers. */
  tools: readonly Tool[];
  /** A person's own tools, whether it offers them or not. */
  addedTools: readonly Tool[];
  chat: Chat;
  source: TaskSource;
  judge: AnswerJudge;
}

/** What a judge needs that is no knob. */
export interface JudgeAccess {
  /** The key for an address's origin, null where none was given. */
  key?: (url: string) => string | null;
  cache?: VerdictCache;
}

/** What a run context is made of, besides the configuration. */
export interface RunContextParts {
  platform: Platform;
  tokenizer: Tokenizer;
  /** Sizes of the pictures that the model reads. */
  view: SizeLimits;
  pool: PicturePool;
  judgeAccess: JudgeAccess;
  /** A person's own tools, which the knob `tools` may name. */
  addedTools: readonly Tool[];
}

/** @throws Error with one sentence for people: a file that cannot be opened, a judge without an address */
export async function openRunContext(
  config: RunConfig,
  { platform, tokenizer, view, pool, judgeAccess, addedTools }: RunContextParts,
): Promise<RunContext> {
  const tools = chooseTools(config, addedTools);
  const chat = openChat(config.prompt, tokenizer, tools);
  const source =
    config.data === ""
      ? {
          ...needle(config, config.seed),
          pictures: (task: Task) => pool.render(task.id, config, task.imageSizesPx[0]!.width),
        }
      : await openRunTasks(config, platform, view, chat);
  return { config, tools, addedTools, chat, source, judge: openRunJudge(config, judgeAccess) };
}

function openRunJudge(config: RunConfig, { key, cache }: JudgeAccess): AnswerJudge {
  const { judge, judgeUrl } = config;
  if (judge === "rules") {
    if (config.reward === "thyme")
      throw new Error(
        "The reward thyme pays for answers that follow from their thoughts, which the judge rules cannot read; choose another judge, such as hardened",
      );
    return rulesJudge();
  }
  if (judgeUrl === "")
    throw new Error(
      `The judge ${judge} needs the address of a server, found none: set judgeUrl, such as http://127.0.0.1:18901/v1, or choose the judge rules`,
    );
  return openJudge(judgeSettingsOf(config, judge, key?.(judgeUrl) ?? null), cache ? { cache } : {});
}
