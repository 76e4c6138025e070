import { readDtypes } from "../../../onnx/policy/graph_files.ts";
import type { Platform } from "../../../platform.ts";
import { hasAdapter } from "../../../train/adapter_settings.ts";
import { resolveConfig } from "../../../train/config.ts";
import { elsewhereDefaults } from "../../../train/elsewhere_defaults.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { loadingLine } from "../../session/loading_line.ts";
import type { NamedGraphs, OpenedGraphs } from "../../session/opened_graphs.ts";
import { type PolicyServer, RemoteSession } from "../../session/remote_session.ts";
import type { RollingSession } from "../../session/session.ts";
import { needsWeights } from "../../session/weightless_session.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { visible } from "../command_line/terminal.ts";
import { verdictFolder } from "../storage/verdict_folder.ts";
import { judgeKey } from "./judge_command.ts";
import { loadOwnCode } from "./own_code.ts";

/** The knobs that were given over what is usual for a model elsewhere; a preset that was named is taken as it is. */
export const changesElsewhere = (changes: Partial<RunConfig>): Partial<RunConfig> =>
  changes.preset === undefined ? { ...elsewhereDefaults, ...changes } : changes;

/** A model whose weights are not here: on a server, or as graphs. */
export type PolicyElsewhere = { server: PolicyServer; graphs?: never } | { server?: never; graphs: NamedGraphs };

/**
 * What flags name in the place of a model here, null where they name nothing.
 * @throws Error where flags contradict each other, and where the key's variable is empty
 */
export function policyElsewhere(options: Options, changes: Partial<RunConfig>): PolicyElsewhere | null {
  const server = policyServer(options, changes);
  const graphs = namedGraphs(options, changes);
  if (server && graphs)
    throw new Error("--policy-url takes a model on a server, --policy-onnx one as graphs; leave one of them out");
  if (server) return { server };
  return graphs && { graphs };
}

/** @throws Error where flags contradict each other */
function namedGraphs(options: Options, changes: Partial<RunConfig>): NamedGraphs | null {
  const { policyOnnx, onnxDtype, onnxDevice } = options;
  if (policyOnnx === undefined) {
    if (onnxDtype !== undefined || onnxDevice !== undefined)
      throw new Error(
        `--onnx-${onnxDtype === undefined ? "device" : "dtype"} belongs to graphs; add --policy-onnx FOLDER, or leave it out`,
      );
    return null;
  }
  expectNoModelHere(options, changes, "--policy-onnx");
  if (onnxDtype !== undefined) readDtypes(onnxDtype);
  return { folder: policyOnnx, dtype: onnxDtype ?? "", device: onnxDevice ?? "gpu" };
}

/**
 * The server that flags name, null where they name none.
 * @throws Error where flags contradict each other, and where the key's variable is empty
 */
function policyServer(options: Options, changes: Partial<RunConfig>): PolicyServer | null {
  const { policyUrl, policyModel, policyKeyEnv, policyFamily, policyTools, policyTimeout, policyConcurrency } = options;
  if (policyUrl === undefined) {
    const given = { policyModel, policyKeyEnv, policyFamily, policyTools, policyTimeout, policyConcurrency };
    const [first] = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    if (first !== undefined)
      throw new Error(
        `--${first.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} belongs to a server; add --policy-url, such as http://127.0.0.1:8000/v1, or leave it out`,
      );
    return null;
  }
  expectNoModelHere(options, changes, "--policy-url");
  return {
    url: policyUrl,
    model: policyModel ?? "",
    key: policyKeyEnv === undefined ? null : keyIn(policyKeyEnv),
    concurrency: policyConcurrency ?? 8,
    timeoutMs: (policyTimeout ?? 300) * 1000,
    family: policyFamily ?? null,
    toolForm: policyTools ?? "text",
  };
}

const whatIsThere = { "--policy-url": "a model elsewhere", "--policy-onnx": "a model as graphs" } as const;

/** @throws Error where a flag needs weights, or our own kernels */
function expectNoModelHere(options: Options, changes: Partial<RunConfig>, flag: keyof typeof whatIsThere): void {
  if (options.from !== undefined)
    throw new Error(`--from takes the weights of a run here, ${flag} ${whatIsThere[flag]}; leave one of them out`);
  if (changes.model !== undefined || (changes.adapter ?? "") !== "" || hasAdapter(resolveConfig(changes)))
    throw new Error(
      flag === "--policy-url"
        ? "--model and --adapter name weights here; with --policy-url leave them out, and name the server's model with --policy-model"
        : "--model and --adapter name weights here; with --policy-onnx, which names a folder of graphs, leave them out",
    );
  if (options.causal) throw new Error(needsWeights("--causal", flag));
  if (options.trace || options.chromeTrace !== undefined)
    throw new Error(
      flag === "--policy-url"
        ? "--trace and --chrome-trace measure this machine's GPU, which --policy-url does not use; leave them out"
        : "--trace and --chrome-trace measure our own kernels, which --policy-onnx does not use; leave them out",
    );
}

function keyIn(variable: string): string {
  const key = Deno.env.get(variable);
  if (key === undefined || key.trim() === "")
    throw new Error(
      `Expected a key in the environment variable ${variable}, found none; set it (export ${variable}=...), or leave --policy-key-env out`,
    );
  return key;
}

/** Opens a session on such a model, works with it, and prints what is to be known of it. Returns the exit code. */
export async function useElsewhere(
  { server, graphs, config, named }: PolicyElsewhere & { config: RunConfig; named: Partial<RunConfig> },
  options: Options,
  context: CommandContext,
  work: (session: RollingSession) => Promise<number>,
): Promise<number> {
  const platform = await context.openPlatform(graphs?.device === "gpu");
  const parts = {
    own: await loadOwnCode(config, named),
    judgeAccess: {
      key: judgeKey,
      ...(options.judgeCache === undefined ? {} : { cache: verdictFolder(options.judgeCache) }),
    },
    signal: stopSignal(context),
  };
  const opened = graphs ? await graphsHere(platform, graphs, context) : null;
  try {
    const session = server
      ? await RemoteSession.open(platform, config, server, parts)
      : await (await import("../../session/onnx_session.ts")).OnnxSession.open(platform, config, opened!, parts);
    try {
      if (!options.logJson)
        context.terminal.print(visible(`${session.model.name} on ${session.adapter}; tools are carried out here`));
      return await work(session);
    } finally {
      for (const notice of session.notices)
        context.terminal.print(options.logJson ? JSON.stringify({ type: "notice", notice }) : visible(`! ${notice}`));
      session.close();
    }
  } finally {
    await opened?.close();
  }
}

/** The runtime is loaded for the first folder of graphs. */
async function graphsHere(
  platform: Platform,
  graphs: NamedGraphs,
  { terminal }: CommandContext,
): Promise<OpenedGraphs> {
  const { openGraphs } = await import("../../session/opened_graphs.ts");
  const { openOnnxRuntime } = await import("../gpu/onnx_runtime.ts");
  return openGraphs(platform, graphs, {
    openRuntime: openOnnxRuntime,
    progress: (doneBytes, ofBytes) => terminal.progress(loadingLine(doneBytes, ofBytes)),
  });
}
