import { chooseTools } from "../../agent/tools/table.ts";
import type { Tool } from "../../agent/tools/tool.ts";
import type { SizeLimits } from "../../image/smart_resize.ts";
import type { Platform } from "../../platform.ts";
import type { Chat } from "../../policy/chat.ts";
import { openChat } from "../../policy/chats.ts";
import type { Vocabulary } from "../../policy/vocabulary.ts";
import type { AnswerJudge } from "../../reward/judges/judge.ts";
import { openJudge, rulesJudge } from "../../reward/judges/remote_judge.ts";
import type { VerdictCache } from "../../reward/judges/verdict_cache.ts";
import type { RewardFunction } from "../../reward/rewards/reward_function.ts";
import { rewardNamed } from "../../reward/rewards/table.ts";
import { generatedScenes } from "../../tasks/sources/scenes.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isOwnCode, notLoaded } from "../../train/own_code.ts";
import { openRunTasks } from "../data/run_tasks.ts";
import { judgeSettingsOf } from "../judge/judge_settings.ts";
import { type OpenReader, openReader } from "./open_reader.ts";
import type { PicturePool } from "./picture_pool.ts";

/** What a configuration decides beside the model: chat format, task source, judge. */
export interface RunContext {
  config: RunConfig;
  /** What the configuration offers. */
  tools: readonly Tool[];
  /** A person's own tools, whether it offers them or not. */
  ownTools: readonly Tool[];
  /** What is paid for. */
  reward: RewardFunction;
  /** Why nothing can be rolled: the configuration names code that is not loaded here. */
  missing: Error | null;
  chat: Chat;
  source: TaskSource;
  judge: AnswerJudge;
  /** Reads text in what tools showed; null where the run has none. To be closed with what rolls. */
  reader: OpenReader | null;
}

/** A person's own code, in place of what the configuration names. */
export interface OwnParts {
  tasks?: TaskSource;
  reward?: RewardFunction;
  /** By what stands for each in the knob `tools`. */
  tools?: ReadonlyMap<string, Tool>;
}

/** What a judge needs that is not a knob. */
export interface JudgeAccess {
  /** The key for an address's origin, null where none was given. */
  key?: (url: string) => string | null;
  cache?: VerdictCache;
}

/** What a run context is made of, besides the configuration. */
export interface RunContextParts {
  platform: Platform;
  tokenizer: Vocabulary;
  /** Sizes of the pictures that the model reads. */
  view: SizeLimits;
  pool: PicturePool;
  judgeAccess: JudgeAccess;
  own?: OwnParts;
}

/** @throws Error with one sentence for people: a file that cannot be opened, a judge without an address */
export async function openRunContext(
  config: RunConfig,
  { platform, tokenizer, view, pool, judgeAccess, own = {} }: RunContextParts,
): Promise<RunContext> {
  const isOwnReward = isOwnCode(config.reward);
  const reward = isOwnReward ? (own.reward ?? rewardNamed("weights")) : rewardNamed(config.reward);
  const reader = await openRunReader(config, platform, reward);
  const ownTools = [...(own.tools?.values() ?? [])];
  const named = config.tools.split(",").map((name) => name.trim());
  const notHere = named.find((name) => isOwnCode(name) && !own.tools?.has(name));
  const loaded = named.filter((name) => !isOwnCode(name) || own.tools?.has(name));
  const names = loaded.map((name) => own.tools?.get(name)?.name ?? name);
  const tools = chooseTools({ ...config, tools: names.join(",") }, ownTools);
  const chat = openChat(config.prompt, tokenizer, tools);
  const missing =
    isOwnReward && !own.reward
      ? notLoaded("the reward", config.reward)
      : notHere === undefined
        ? null
        : notLoaded("the tool", notHere);
  return {
    config,
    tools,
    ownTools,
    chat,
    reward,
    missing,
    source: await openSource({ config, platform, view, pool, chat, own }),
    judge: openRunJudge(config, judgeAccess, reward),
    reader,
  };
}

/** A source that says so when it is asked: a model can be opened without the tasks that it learned from. */
function missingTasks(data: string): TaskSource {
  const missing = () => Promise.reject(notLoaded("the tasks", data));
  return { name: data, take: missing, heldOut: missing, pictures: missing };
}

interface SourceParts {
  config: RunConfig;
  platform: Platform;
  view: SizeLimits;
  pool: PicturePool;
  chat: Chat;
  own: OwnParts;
}

function openSource({ config, platform, view, pool, chat, own }: SourceParts): TaskSource | Promise<TaskSource> {
  if (isOwnCode(config.data)) return own.tasks ?? missingTasks(config.data);
  if (config.data !== "") return openRunTasks(config, platform, view, chat);
  return {
    ...generatedScenes(config, config.seed),
    pictures: (task: Task) => pool.render(task.id, config, task.imageSizesPx[0]!.width),
  };
}

async function openRunReader(
  { reader }: RunConfig,
  platform: Platform,
  reward: RewardFunction,
): Promise<OpenReader | null> {
  if (reader !== "") return openReader(platform, reader);
  if (reward.needs?.includes("reader"))
    throw new Error(
      `The reward ${reward.name} pays for crops in which a reader reads the answer, and there is none: set reader to the folder of its files, such as reader for public/reader`,
    );
  return null;
}

function openRunJudge(config: RunConfig, { key, cache }: JudgeAccess, reward: RewardFunction): AnswerJudge {
  const { judge, judgeUrl } = config;
  if (judge === "rules") {
    if (reward.needs?.includes("consistency"))
      throw new Error(
        `The reward ${reward.name} pays for answers that follow from their thoughts, which the judge rules cannot read; choose another judge, such as hardened`,
      );
    return rulesJudge();
  }
  if (judgeUrl === "")
    throw new Error(
      `The judge ${judge} needs the address of a server, found none: set judgeUrl, such as http://127.0.0.1:18901/v1, or choose the judge rules`,
    );
  return openJudge(judgeSettingsOf(config, judge, key?.(judgeUrl) ?? null), cache ? { cache } : {});
}
