import { type Changes, type Mapping, numeral, python, truth } from "../alias_rules.ts";
import { isFork, rollout } from "./sections.ts";

export const lengths: Mapping = {
  names: ["data.max_response_length", `${rollout}.response_length`, `${rollout}.agent.single_response_max_tokens`],
  read(given, base) {
    const response = given("data.max_response_length") ?? given(`${rollout}.response_length`);
    const turn = given(`${rollout}.agent.single_response_max_tokens`);
    const changes: Changes = response === undefined ? {} : { responseTokens: response };
    // verl's own loop limits a turn only by what is left of the response.
    const isWhole = base.firstTurnTokens === base.responseTokens && base.nextTurnTokens === base.responseTokens;
    const longest = turn ?? (isWhole ? response : undefined);
    if (longest !== undefined) Object.assign(changes, { firstTurnTokens: longest, nextTurnTokens: longest });
    return changes;
  },
  write(config) {
    const { responseTokens, firstTurnTokens, nextTurnTokens, maxToolCalls } = config;
    const response = responseTokens || firstTurnTokens + maxToolCalls * nextTurnTokens;
    return {
      "data.max_response_length": String(response),
      ...(isFork(config)
        ? { [`${rollout}.agent.single_response_max_tokens`]: String(Math.max(firstTurnTokens, nextTurnTokens)) }
        : {}),
    };
  },
};

export const turns: Mapping = {
  names: [
    `${rollout}.agent.activate_agent`,
    `${rollout}.agent.max_turns`,
    `${rollout}.multi_turn.enable`,
    `${rollout}.multi_turn.max_assistant_turns`,
    `${rollout}.multi_turn.max_turns`,
    `${rollout}.multi_turn.max_user_turns`,
  ],
  read(given) {
    const isOn = ["agent.activate_agent", "multi_turn.enable"]
      .map((name) => given(`${rollout}.${name}`))
      .filter((text) => text !== undefined)
      .map(truth);
    if (isOn.length > 0 && !isOn.includes(true)) return { maxToolCalls: 0, zoom: false };
    // The last turn of the model answers, so there is one call fewer; each call is answered by one turn of the user.
    const calls = [
      ...["agent.max_turns", "multi_turn.max_assistant_turns", "multi_turn.max_turns"].map((name) => {
        const text = given(`${rollout}.${name}`);
        return text === undefined ? Number.POSITIVE_INFINITY : numeral(text) - 1;
      }),
      numeral(given(`${rollout}.multi_turn.max_user_turns`) ?? "1e9"),
    ];
    const fewest = Math.min(...calls);
    return fewest < 1e9 ? { maxToolCalls: fewest } : {};
  },
  write(config): Record<string, string> {
    const isOn = config.zoom && config.maxToolCalls > 0;
    const most = String(config.maxToolCalls + 1);
    return isFork(config)
      ? { [`${rollout}.agent.activate_agent`]: python(isOn), [`${rollout}.agent.max_turns`]: most }
      : {
          [`${rollout}.multi_turn.enable`]: python(isOn),
          [`${rollout}.multi_turn.max_assistant_turns`]: most,
          [`${rollout}.multi_turn.max_user_turns`]: most,
        };
  },
};

export const toolRows: Mapping = {
  names: [`${rollout}.agent.tool_name_key`],
  read(given) {
    const key = given(`${rollout}.agent.tool_name_key`);
    if (key !== undefined && key !== "env_name")
      throw new Error("the column that names a row's tool is env_name; others are not read");
    return key === undefined ? {} : { toolRows: "named" };
  },
  write: (config): Record<string, string> =>
    isFork(config) && config.toolRows === "named" ? { [`${rollout}.agent.tool_name_key`]: "env_name" } : {},
};
