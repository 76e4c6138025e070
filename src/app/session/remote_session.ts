import type { ConnectionParts } from "../../connection/server_connection.ts";
import { smartResize } from "../../image/smart_resize.ts";
import type { Platform } from "../../platform.ts";
import { openChat } from "../../policy/chats.ts";
import { PieceVocabulary } from "../../policy/elsewhere/piece_vocabulary.ts";
import { RemotePolicy, type RemoteSettings } from "../../policy/elsewhere/remote_policy.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { PicturePool } from "./picture_pool.ts";
import { remoteView } from "./remote_view.ts";
import { type JudgeAccess, type OwnParts, openRunContext } from "./run_context.ts";
import { type WeightlessParts, WeightlessSession } from "./weightless_session.ts";

/** A policy elsewhere, and what is read of its replies. */
export interface PolicyServer extends RemoteSettings {
  /** `model_type` of the model's family, which says what its boxes mean; null: by its name. */
  family: string | null;
}

export interface RemoteSessionOptions {
  judgeAccess?: JudgeAccess;
  own?: OwnParts;
  connection?: Partial<ConnectionParts>;
  signal?: AbortSignal;
}

/** A model on a server, and what can be done with it without its weights: its tools are carried out here. */
export class RemoteSession extends WeightlessSession {
  readonly #policy: RemotePolicy;

  /** Asks the server for its models, and opens tasks and judge. @throws Error with one sentence for people */
  static async open(
    platform: Platform,
    config: RunConfig,
    server: PolicyServer,
    { judgeAccess = {}, own, connection, signal }: RemoteSessionOptions = {},
  ): Promise<RemoteSession> {
    const current = { current: signal };
    const vocabulary = new PieceVocabulary();
    const withoutTools = new WeakSet<readonly number[]>();
    const isNamed = server.model !== "";
    const parts = {
      vocabulary,
      isNamed,
      tools: [],
      withoutTools,
      view: { factor: 1, minPixels: 1, maxPixels: 1 },
      signal: () => current.current,
    };
    // The family, which pictures depend on, is known by the model's name.
    const asking = new RemotePolicy(server, parts, connection);
    const model = await asking.findModel();
    const view = remoteView(model, server.family);
    const limits = { ...view.limits, maxPixels: config.maxPixels || view.limits.maxPixels };
    limits.minPixels = Math.min(limits.minPixels, limits.maxPixels);
    const pool = new PicturePool((width, height) => smartResize(height, width, limits, "transformers"), null);
    try {
      const context = await openRunContext(config, {
        platform,
        tokenizer: vocabulary,
        view: limits,
        pool,
        judgeAccess,
        own,
      });
      const { tools } = context;
      const policy = new RemotePolicy({ ...server, model }, { ...parts, tools, view: limits }, connection);
      policy.model = model;
      if (view.isGuess)
        policy.notices.add(
          `The name ${JSON.stringify(model)} says no family of models: boxes are read as a ${view.family} writes them; say what they mean where that is wrong (on the command line with --policy-family)`,
        );
      return new RemoteSession(policy, { vocabulary, pool, context, frame: view.frame, limits, withoutTools, current });
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  private constructor(
    policy: RemotePolicy,
    parts: Pick<WeightlessParts, "pool" | "context" | "frame" | "limits" | "current"> & {
      vocabulary: PieceVocabulary;
      withoutTools: WeakSet<readonly number[]>;
    },
  ) {
    const { context, vocabulary, withoutTools } = parts;
    const chat = policy.settings.toolForm === "native" ? openChat(context.config.prompt, vocabulary, []) : context.chat;
    super({
      ...parts,
      policy,
      name: policy.model ?? "",
      adapter: `a server at ${policy.connection.address.base}`,
      where: "--policy-url",
      vocabulary,
      chat: {
        ...chat,
        prompt: (opening, imageTokens) => {
          const tokens = chat.prompt(opening, imageTokens);
          if (opening.tools === false) withoutTools.add(tokens);
          return tokens;
        },
      },
      // How many a picture is to the model, its server may say.
      imageTokens: () => 1,
    });
    this.#policy = policy;
  }

  /** What is known of the server by now, in sentences. */
  override get notices(): readonly string[] {
    return [...this.#policy.notices];
  }
}
