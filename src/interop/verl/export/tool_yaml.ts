import { functionOf } from "../../../policy/offered_tool.ts";
import { type ExportedRun, toolSettings } from "./run_settings.ts";

/** tools.yaml: what verl loads as tools. YAML takes JSON, so that every text is quoted in one way. */
export function toolYaml(run: ExportedRun): string {
  const tools = run.tools.map((tool) => ({
    class_name: "saccade_verl.tools.SaccadeTool",
    config: { type: "native", ...toolSettings(run) },
    tool_schema: functionOf(tool),
  }));
  const lines = tools.map((tool) =>
    [
      `  - class_name: ${JSON.stringify(tool.class_name)}`,
      `    config: ${JSON.stringify(tool.config)}`,
      `    tool_schema: ${JSON.stringify(tool.tool_schema)}`,
    ].join("\n"),
  );
  return `# The run's tools; saccade_verl/zoom.py has their rules.\ntools:${lines.length > 0 ? `\n${lines.join("\n")}` : " []"}\n`;
}

/** agent_loop.yaml: rows name "tool_agent", whose place the run's own rules take. */
export const agentLoopYaml = `- name: tool_agent
  _target_: saccade_verl.agent_loop.SaccadeAgentLoop
`;
