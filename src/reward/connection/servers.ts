/** A program that serves a judge, and how to start it. */
export interface JudgeServer {
  name: string;
  /** Where it then is. */
  url: string;
  command: string;
  note: string;
}

/**
 * Start commands for the servers that people have. `pageOrigin` is where the page comes from, null for the command
 * line: servers must let that origin in, or the browser keeps their answers from the page.
 */
export function judgeServers(pageOrigin: string | null): JudgeServer[] {
  const isLocalPage = pageOrigin !== null && /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(pageOrigin);
  const needsOrigin = pageOrigin !== null && !isLocalPage;
  return [
    {
      name: "vLLM",
      url: "http://127.0.0.1:18901/v1",
      command: `vllm serve Qwen/Qwen2.5-72B-Instruct --port 18901 --tensor-parallel-size 8 --max-model-len 32768${pageOrigin === null ? "" : ` --allowed-origins '["${pageOrigin}"]'`}`,
      note: "lets every origin in by default; a smaller model needs no --tensor-parallel-size",
    },
    {
      name: "SGLang",
      url: "http://127.0.0.1:18901/v1",
      // verl's own line (recipe/deepeyes/README.md), word for word.
      command:
        "python -m sglang.launch_server --model-path /path/to/Qwen2.5-72B-Instruct --port 18901 --tp-size 8 --context-length 32768 --trust-remote-code --log-requests false",
      note: "verl's own line; lets every origin in since September 2024",
    },
    {
      name: "llama.cpp",
      url: "http://127.0.0.1:8080/v1",
      command: "llama-server -m judge.gguf --host 127.0.0.1 --port 8080 -c 8192",
      note: "lets every origin in, unless started with --tools, --agent or MCP",
    },
    {
      name: "Ollama",
      url: "http://127.0.0.1:11434/v1",
      command: `${needsOrigin ? `OLLAMA_ORIGINS=${pageOrigin} ` : ""}ollama serve`,
      note: "lets only pages on this machine in by default; first: ollama pull qwen2.5:7b-instruct",
    },
    {
      name: "LM Studio",
      url: "http://127.0.0.1:1234/v1",
      command: `lms server start --port 1234${pageOrigin === null ? "" : " --cors"}`,
      note: "keeps pages out by default; first load a model in it",
    },
  ];
}
