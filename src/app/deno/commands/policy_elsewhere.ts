import { hasAdapter } from "../../../train/adapter_settings.ts";
import { resolveConfig } from "../../../train/config.ts";
import { elsewhereDefaults } from "../../../train/elsewhere_defaults.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { needsWeights, type PolicyServer, RemoteSession } from "../../session/remote_session.ts";
import type { RollingSession } from "../../session/session.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { visible } from "../command_line/terminal.ts";
import { verdictFolder } from "../storage/verdict_folder.ts";
import { judgeKey } from "./judge_command.ts";
import { loadOwnCode } from "./own_code.ts";

/** The knobs that were given over what is usual for a model elsewhere; a preset that was named is taken as it is. */
export const changesElsewhere = (changes: Partial<RunConfig>): Partial<RunConfig> =>
  changes.preset === undefined ? { ...elsewhereDefaults, ...changes } : changes;

/**
 * The server that flags name, null where they name none.
 * @throws Error where flags contradict each other, and where the key's variable is empty
 */
export function policyServer(options: Options, changes: Partial<RunConfig>): PolicyServer | null {
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
  if (options.from !== undefined)
    throw new Error("--from takes the weights of a run here, --policy-url a model elsewhere; leave one of them out");
  if (changes.model !== undefined || (changes.adapter ?? "") !== "" || hasAdapter(resolveConfig(changes)))
    throw new Error(
      "--model and --adapter name weights here; with --policy-url leave them out, and name the server's model with --policy-model",
    );
  if (options.causal) throw new Error(needsWeights("--causal", "--policy-url"));
  if (options.trace || options.chromeTrace !== undefined)
    throw new Error(
      "--trace and --chrome-trace measure this machine's GPU, which --policy-url does not use; leave them out",
    );
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

function keyIn(variable: string): string {
  const key = Deno.env.get(variable);
  if (key === undefined || key.trim() === "")
    throw new Error(
      `Expected a key in the environment variable ${variable}, found none; set it (export ${variable}=...), or leave --policy-key-env out`,
    );
  return key;
}

/** Opens a session on a server's model, works with it, and prints what is to be known of the server. Returns the exit code. */
export async function useElsewhere(
  { server, config, named }: { server: PolicyServer; config: RunConfig; named: Partial<RunConfig> },
  options: Options,
  context: CommandContext,
  work: (session: RollingSession) => Promise<number>,
): Promise<number> {
  const platform = await context.openPlatform(false);
  const session = await RemoteSession.open(platform, config, server, {
    own: await loadOwnCode(config, named),
    judgeAccess: {
      key: judgeKey,
      ...(options.judgeCache === undefined ? {} : { cache: verdictFolder(options.judgeCache) }),
    },
    signal: stopSignal(context),
  });
  try {
    if (!options.logJson)
      context.terminal.print(visible(`${session.model.name} on ${session.adapter}; tools are carried out here`));
    return await work(session);
  } finally {
    for (const notice of session.notices)
      context.terminal.print(options.logJson ? JSON.stringify({ type: "notice", notice }) : visible(`! ${notice}`));
    session.close();
  }
}
