import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What the fake judge does with one question. */
export type Behaviour =
  | { kind: "reply"; text: string; afterMs?: number }
  | { kind: "status"; status: number; text?: string; retryAfter?: string }
  | { kind: "raw"; body: string | Uint8Array; headers?: Record<string, string> }
  | { kind: "html" | "garbage" | "empty" | "huge" | "hang" | "truncated" | "redirect" | "hang_up" | "no_text" };

/** A chat completion as it came in. */
export interface Question {
  /** Counts from 0. */
  index: number;
  body: { model: string; messages: { role: string; content: string }[]; [field: string]: unknown };
  headers: Record<string, string | undefined>;
}

export interface FakeJudge {
  /** Base address, ending in /v1. */
  url: string;
  questions: Question[];
  /** Everything that was asked for: "GET /v1/models". */
  requests: string[];
  /** Most questions that were open at once. */
  mostOpen: number;
  close(): Promise<void>;
}

export interface FakeJudgeOptions {
  behave: (question: Question) => Behaviour;
  models?: string[];
  /** Statuses other than 200 for GET /models. */
  modelsStatus?: number;
  /** Whether pages of other origins may read it. */
  cors?: boolean;
  /** Answers 401 to everyone without it. */
  key?: string;
  port?: number;
}

/** An OpenAI-compatible endpoint on loopback that behaves as a test says, good or bad. */
export async function openFakeJudge(options: FakeJudgeOptions): Promise<FakeJudge> {
  const { models = ["fake"], modelsStatus = 200, cors = false, key } = options;
  let open = 0;
  const fake: FakeJudge = { url: "", questions: [], requests: [], mostOpen: 0, close };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    fake.requests.push(`${request.method} ${request.url}`);
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (cors) {
      headers["Access-Control-Allow-Origin"] = "*";
      headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization";
    }
    if (request.method === "OPTIONS") return response.writeHead(cors ? 204 : 405, headers).end();
    const body = await textOf(request);
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}`)
      return response
        .writeHead(401, headers)
        .end(JSON.stringify({ error: { message: `Incorrect API key: ${request.headers.authorization}` } }));
    if (request.method === "GET" && request.url === "/v1/models")
      return response.writeHead(modelsStatus, headers).end(JSON.stringify({ data: models.map((id) => ({ id })) }));
    if (request.method !== "POST" || request.url !== "/v1/chat/completions")
      return response.writeHead(404, headers).end('{"error":"no such path"}');
    const question = {
      index: fake.questions.length,
      body: JSON.parse(body),
      headers: request.headers as Record<string, string | undefined>,
    };
    fake.questions.push(question);
    fake.mostOpen = Math.max(fake.mostOpen, ++open);
    try {
      await act(options.behave(question), response, headers);
    } finally {
      open--;
    }
  }

  function close(): Promise<void> {
    return new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  fake.url = `http://127.0.0.1:${server.address().port}/v1`;
  return fake;
}

async function act(behaviour: Behaviour, response: ServerResponse, headers: Record<string, string>): Promise<void> {
  const completion = (content: string | null) =>
    JSON.stringify({ choices: [{ message: { role: "assistant", content } }] });
  switch (behaviour.kind) {
    case "reply":
      if (behaviour.afterMs) await new Promise((resolve) => setTimeout(resolve, behaviour.afterMs));
      return response.writeHead(200, headers).end(completion(behaviour.text));
    case "status":
      return response
        .writeHead(
          behaviour.status,
          behaviour.retryAfter ? { ...headers, "Retry-After": behaviour.retryAfter } : headers,
        )
        .end(behaviour.text ?? '{"error":"told to fail"}');
    case "raw":
      return response.writeHead(200, { ...headers, ...behaviour.headers }).end(behaviour.body);
    case "html":
      return response
        .writeHead(200, { ...headers, "Content-Type": "text/html" })
        .end("<!doctype html><script>alert(1)</script>");
    case "garbage":
      return response.writeHead(200, headers).end("\u0000\u202egarbage }{");
    case "empty":
      return response.writeHead(200, headers).end();
    case "no_text":
      return response.writeHead(200, headers).end('{"choices":[]}');
    case "truncated":
      return response.writeHead(200, headers).end(completion("CORRECT").slice(0, -9));
    case "redirect":
      return response.writeHead(302, { ...headers, Location: "http://127.0.0.1:9/v1/chat/completions" }).end();
    case "hang_up":
      return response.destroy();
    case "hang":
      return new Promise((resolve) => response.once("close", resolve));
    case "huge": {
      // 10 MB of well-formed JSON, a piece at a time.
      response.writeHead(200, headers).write('{"choices":[{"message":{"content":"');
      const closed = new Promise<void>((resolve) => response.once("close", resolve));
      for (let i = 0; i < 160 && !response.destroyed; i++)
        if (!response.write("1".repeat(65_536)))
          await Promise.race([closed, new Promise<void>((resolve) => response.once("drain", resolve))]);
      return response.end('"}}]}');
    }
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of request) text += decoder.decode(bytes, { stream: true });
  return text;
}

const failings: readonly Behaviour[] = [
  { kind: "html" },
  { kind: "garbage" },
  { kind: "huge" },
  { kind: "status", status: 429, retryAfter: "0.05" },
  { kind: "hang" },
  { kind: "status", status: 401 },
  { kind: "truncated" },
  { kind: "redirect" },
  { kind: "hang_up" },
  { kind: "status", status: 500 },
  { kind: "no_text" },
  { kind: "empty" },
];

/** Fails three questions in ten, each time in another of all the ways above, and answers the others with `reply`. */
export function failingThreeInTen(reply: (question: Question) => string): (question: Question) => Behaviour {
  let failed = 0;
  return (question) =>
    [1, 4, 7].includes(question.index % 10)
      ? failings[failed++ % failings.length]!
      : { kind: "reply", text: reply(question) };
}
