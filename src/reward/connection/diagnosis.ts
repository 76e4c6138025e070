import { readServerAddress, type ServerAddress } from "../../connection/address.ts";
import { ServerFailure } from "../../connection/failure.ts";
import { type ConnectionParts, type ConnectionSettings, ServerConnection } from "../../connection/server_connection.ts";
import { judgeRequestHardened } from "../judges/hardened_prompt.ts";
import { verdictInText } from "../judges/verdict_text.ts";
import { namedModels } from "../judges/votes.ts";
import { type JudgeServer, judgeServers } from "./servers.ts";

export type ConnectionState =
  | "ready"
  | "no_answer"
  | "cors"
  | "local_network"
  | "unauthorized"
  | "no_model"
  | "no_json_schema"
  | "slow"
  | "not_a_judge";

/** The result of a connection test. */
export interface Diagnosis {
  state: ConnectionState;
  /** What was found and what to do, one sentence. */
  message: string;
  /** Whether a run can be judged all the same. */
  usable: boolean;
  /** The model that answered, null before one did. */
  model: string | null;
  /** Models that the server names. */
  models: string[];
  /** One verdict, null where none came. */
  verdictMs: number | null;
  servers: JudgeServer[];
}

/** What only a page knows; null on the command line, where neither CORS nor permissions exist. */
export interface PageFacts {
  /** e.g. https://someone.github.io */
  origin: string;
  /** The browser's permission to reach the local network, "unsupported" where it has none. */
  localNetworkPermission: () => Promise<"granted" | "denied" | "prompt" | "unsupported">;
}

/** A verdict that takes longer than this is called slow: 128 rollouts, eight at once, would wait for a minute and more. */
const slowMs = 5_000;

const asked = { question: "What color is the cup?", goldAnswer: "The cup is red." };

/**
 * Asks an endpoint for its models and for one verdict, and says in a sentence what is in the way. It sends what a run
 * would send, to the address that was given and to no other. Where several models are to vote, each is asked, until one is not ready.
 * @throws Error for an address or a key that cannot be one
 */
export async function testConnection(
  settings: Partial<ConnectionSettings> & { url: string },
  page: PageFacts | null = null,
  parts: Partial<ConnectionParts> = {},
  signal?: AbortSignal,
): Promise<Diagnosis> {
  const models = namedModels(settings.model ?? "");
  const [first = "", ...others] = models;
  let found = await testModel({ ...settings, model: first }, page, parts, signal);
  for (const model of others) {
    if (found.state !== "ready") return found;
    found = await testModel({ ...settings, model }, page, parts, signal);
  }
  if (others.length === 0 || found.state !== "ready") return found;
  return { ...found, model: models.join(", "), message: `${found.message}; so did ${models.slice(0, -1).join(", ")}` };
}

async function testModel(
  settings: Partial<ConnectionSettings> & { url: string },
  page: PageFacts | null,
  parts: Partial<ConnectionParts>,
  signal?: AbortSignal,
): Promise<Diagnosis> {
  const address = readServerAddress(settings.url);
  // One try each: a person waits for the result, and retries would hide a failure for a minute.
  const connection = new ServerConnection({ ...settings, retries: 0, timeoutMs: settings.timeoutMs ?? 30_000 }, parts);
  const servers = judgeServers(page?.origin ?? null);
  const wanted = settings.model ?? "";
  const found: Omit<Diagnosis, "state" | "message" | "usable"> = { model: null, models: [], verdictMs: null, servers };
  const end = (state: ConnectionState, message: string, usable = false): Diagnosis => ({
    ...found,
    state,
    message,
    usable,
  });
  const failed = async (error: unknown): Promise<Diagnosis> => {
    if (!(error instanceof ServerFailure)) throw error;
    switch (error.kind) {
      case "no_answer": {
        const [state, message] = await unreachable(address, page, parts.fetch ?? fetch, signal);
        return end(state, message ?? error.message);
      }
      case "timeout":
        return end("no_answer", error.message);
      case "unauthorized":
        return end(
          "unauthorized",
          settings.key
            ? `${error.message}; check the key`
            : `The judge at ${address.base} wants a key, and none was given; enter one`,
        );
      case "aborted":
        throw error;
      default:
        return end("not_a_judge", error.message);
    }
  };

  try {
    found.models = await connection.models(signal);
  } catch (error) {
    // Some servers list no models and judge all the same.
    const keepsNoList = error instanceof ServerFailure && error.kind === "not_found" && wanted !== "";
    if (!keepsNoList) return failed(error);
  }
  if (wanted === "" && found.models.length === 0)
    return end("no_model", `The judge at ${address.base} names no model; load one there, or name it yourself`);

  const ask = async (withSchema: boolean) => {
    const startedMs = performance.now();
    const reply = await connection.complete(judgeRequestHardened("red", asked, withSchema), signal);
    found.verdictMs = performance.now() - startedMs;
    found.model = await connection.model(signal);
    return reply;
  };
  let hasSchema = true;
  let reply: string;
  try {
    try {
      reply = await ask(true);
    } catch (error) {
      if (!(error instanceof ServerFailure) || error.kind !== "bad_request") throw error;
      hasSchema = false;
      reply = await ask(false);
    }
  } catch (error) {
    if (error instanceof ServerFailure && error.kind === "not_found") {
      const others = found.models.length > 0 ? `; it has ${found.models.slice(0, 5).join(", ")}` : "";
      return wanted === "" || found.models.includes(wanted)
        ? end(
            "not_a_judge",
            `The judge at ${address.base} has no chat completions there (404); the address usually ends in /v1`,
          )
        : end("no_model", `The judge at ${address.base} has no model "${wanted}"${others}`);
    }
    return failed(error);
  }
  // Some servers answer under any name; the one given would then mean nothing.
  if (wanted !== "" && found.models.length > 0 && !found.models.includes(wanted))
    return end(
      "no_model",
      `The judge at ${address.base} names no model "${wanted}", though it answers; it has ${found.models.slice(0, 5).join(", ")}`,
      true,
    );
  if (hasSchema && !isSchemaVerdict(reply)) hasSchema = false;
  if (!hasSchema)
    return verdictInText(reply) === null
      ? end(
          "no_json_schema",
          `The judge at ${address.base} knows no json_schema and does not keep to the form that the prompt asks for: ${JSON.stringify(reply.slice(0, 60))}; choose another model`,
        )
      : end(
          "no_json_schema",
          `The judge at ${address.base} knows no json_schema; verdicts are asked for by the prompt alone, and more of them may fail`,
          true,
        );
  // Without temperature or seed its verdicts are random.
  const changes = connection.adaptations;
  const taken = changes.length === 0 ? "" : `; it takes questions ${changes.join(", ")} only`;
  const verdictMs = found.verdictMs ?? 0;
  const seconds = (verdictMs / 1000).toFixed(1);
  if (verdictMs > slowMs)
    return end(
      "slow",
      `The judge at ${address.base} takes ${seconds} s for one verdict; a step of 128 rollouts waits for ${Math.ceil((128 / (settings.concurrency ?? 8)) * (verdictMs / 1000))} s or more, so choose a smaller model or a faster machine`,
      true,
    );
  return end("ready", `The judge at ${address.base} gave a verdict in ${seconds} s with ${found.model}${taken}`, true);
}

function isSchemaVerdict(reply: string): boolean {
  try {
    const { verdict } = JSON.parse(reply);
    return verdict === 0 || verdict === 1;
  } catch {
    return false;
  }
}

/**
 * Why a request had no response. A browser reports all of these as "failed"; a request in mode no-cors shows whether a
 * server is there.
 */
async function unreachable(
  { base, network }: ServerAddress,
  page: PageFacts | null,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal | undefined,
): Promise<[ConnectionState, string | null]> {
  if (page === null) return ["no_answer", null];
  if (network !== "public") {
    const permission = await page.localNetworkPermission();
    if (permission === "denied")
      return [
        "local_network",
        `The browser keeps this page from the local network, where ${base} is; allow it in the page's settings, or open the page from this machine with npm start`,
      ];
    // A page from this machine is local itself, and is not asked.
    if (permission === "prompt" && readServerAddress(page.origin).network !== "loopback")
      return [
        "local_network",
        `The browser asks whether this page may reach the local network, where ${base} is; allow it and test again`,
      ];
  }
  try {
    await fetch(`${base}/models`, {
      mode: "no-cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      signal,
    });
  } catch {
    const isMixed = page.origin.startsWith("https:") && base.startsWith("http:") && network !== "loopback";
    return [
      "no_answer",
      isMixed
        ? `Nothing can be had from ${base}: a page from https may not ask an address with http; serve the judge with https, or open the page from this machine with npm start`
        : `Nothing answers at ${base}; start the judge there, and check host and port`,
    ];
  }
  return [
    "cors",
    `A server answers at ${base} but does not let this page read it (CORS); start it so that it lets in ${page.origin}`,
  ];
}
