import { ServerFailure } from "../../connection/failure.ts";
import type { ConnectionParts, ConnectionSettings } from "../../connection/server_connection.ts";
import { ServerConnection } from "../../connection/server_connection.ts";
import type { SizeLimits } from "../../image/smart_resize.ts";
import type { OfferedTool } from "../offered_tool.ts";
import type { Conversations, Passage, Policy, Sampling } from "../policy.ts";
import type { PieceVocabulary } from "./piece_vocabulary.ts";
import { explained, PolicyUnusable } from "./refusals.ts";
import { RemoteConversations } from "./remote_conversations.ts";

/** How tools are made known: by the text of the prompt, or as a list beside the messages, which the server's own template shows. */
export const toolForms = ["text", "native"] as const;
export type ToolForm = (typeof toolForms)[number];

/** How a policy elsewhere is asked. */
export interface RemoteSettings
  extends Pick<ConnectionSettings, "url" | "model" | "key" | "concurrency" | "timeoutMs">,
    Partial<Pick<ConnectionSettings, "backoffMs">> {
  toolForm: ToolForm;
}

/** What replies are read with. */
export interface RemoteParts {
  vocabulary: PieceVocabulary;
  /** The tools that are offered, for calls in other syntaxes than Hermes', and for `native`. */
  tools: readonly OfferedTool[];
  /** Whether a person named the model: then no other may answer. */
  isNamed: boolean;
  /** Prompts that offer no tools. */
  withoutTools: WeakSet<readonly number[]>;
  /** How large the models of the family are shown pictures. */
  view: SizeLimits;
  /** Stops waiting for the server. */
  signal: () => AbortSignal | undefined;
}

/** Turns are long, and replies with the probabilities of each token large. */
const limits = { retries: 4, maxCalls: 1_000_000, maxReplyBytes: 2 ** 26 };

/**
 * A model that an OpenAI-compatible server has (vLLM, SGLang, llama.cpp). It writes; tools are carried out here. Of what a
 * model here gives, entropies are never known, and log-probabilities and tokens only where the server reports them: what
 * is not known is left empty.
 */
export class RemotePolicy implements Policy {
  readonly connection: ServerConnection;
  readonly settings: RemoteSettings;
  readonly parts: RemoteParts;
  /** What a person should know of the server, in sentences. */
  readonly notices = new Set<string>();
  /** The model that writes; null before it is known. */
  model: string | null = null;
  /** Whether a turn was ever written: until then a failure is taken to be everybody's. */
  hasWritten = false;

  /** @throws Error for an address or a key that cannot be one */
  constructor(settings: RemoteSettings, parts: RemoteParts, connectionParts: Partial<ConnectionParts> = {}) {
    const { toolForm: _, ...connected } = settings;
    this.connection = new ServerConnection({ ...connected, ...limits, role: "policy" }, connectionParts);
    this.settings = settings;
    this.parts = parts;
  }

  /**
   * Asks the server for its models.
   * @returns the one that will be asked
   * @throws Error where it has none, or not the one that was named
   */
  async findModel(): Promise<string> {
    const wanted = this.settings.model;
    const signal = this.parts.signal();
    // Some servers keep no list.
    const named = await this.connection.models(signal).catch((error): string[] => {
      if (!(error instanceof ServerFailure) || error.kind === "aborted") throw error;
      if (wanted !== "" && error.kind === "not_found") return [];
      throw new PolicyUnusable(explained(error, { pictures: false, tools: false }).sentence);
    });
    if (wanted !== "" && named.length > 0 && !named.includes(wanted))
      throw new PolicyUnusable(
        `The policy at ${this.connection.address.base} has no model ${JSON.stringify(wanted)}; it has ${named.slice(0, 5).join(", ")}: name one of these, or none for the first`,
      );
    const model = wanted !== "" ? wanted : named[0];
    if (model !== undefined) return model;
    throw new PolicyUnusable(`The policy at ${this.connection.address.base} names no model; name one yourself`);
  }

  async begin(
    prompts: readonly Passage[],
    rolloutsPerPrompt: number,
    _suffixTokens: number,
    sampling: Sampling,
  ): Promise<Conversations> {
    this.model ??= await this.findModel();
    return new RemoteConversations(this, { prompts, rolloutsPerPrompt, sampling, asked: this.model });
  }
}
