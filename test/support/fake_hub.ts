import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What the fake does with one request for a file. */
export type FileBehaviour =
  /** Sends so many bytes of what was asked for, then breaks the connection. */
  | { kind: "break"; afterBytes: number }
  | { kind: "status"; status: number; code?: string; retryAfter?: string }
  /** Sends all of the file, whatever range was asked for. */
  | { kind: "whole" }
  /** Another file of the same length, and another mark. */
  | { kind: "other content" }
  | { kind: "silence" };

export interface FakeRequest {
  /** "hub" or "cdn". */
  server: "hub" | "cdn";
  method: string;
  url: string;
  range: string | null;
  authorization: string | null;
}

export interface FakeHubOptions {
  /** Files by repository ("models/owner/name") and path. */
  repositories: Record<string, Record<string, Uint8Array>>;
  /** Revisions that exist, with their commits. */
  revisions?: Record<string, string>;
  /** Files from this size on come from another origin, as the Hub's large files do. */
  redirectFrom?: number;
  /** Called for every request of a file; null: it is sent as it should be. */
  behave?: (request: FakeRequest, path: string) => FileBehaviour | null;
  /** Repositories that show nothing without this token. */
  gated?: { repository: string; token: string };
  /** SHA-256 of large files, by their paths. */
  sums?: Record<string, string>;
  /** Entries on a page of a listing. */
  pageSize?: number;
}

export interface FakeHub {
  /** Address without a slash at its end. */
  endpoint: string;
  cdn: string;
  requests: FakeRequest[];
  /** What the revisions stand for; may be changed. */
  revisions: Record<string, string>;
  repositories: Record<string, Record<string, Uint8Array>>;
  close(): Promise<void>;
}

export const firstCommit = "1".repeat(40);

/** The Hub's two servers on loopback: the site with its API, and another origin that has the large files. */
export async function openFakeHub(options: FakeHubOptions): Promise<FakeHub> {
  const { redirectFrom = Number.POSITIVE_INFINITY, behave = () => null, gated, pageSize = 1000 } = options;
  const fake: FakeHub = {
    endpoint: "",
    cdn: "",
    requests: [],
    revisions: options.revisions ?? { main: firstCommit },
    repositories: options.repositories,
    close: async () => {
      await Promise.all([hub, cdn].map(({ close }) => close()));
    },
  };
  const known = (server: "hub" | "cdn", { method = "", url = "", headers }: IncomingMessage): FakeRequest => {
    const request = {
      server,
      method,
      url,
      range: headers.range ?? null,
      authorization: headers.authorization ?? null,
    };
    fake.requests.push(request);
    return request;
  };
  const refuse = (response: ServerResponse, status: number, code: string): void =>
    response.writeHead(status, { "X-Error-Code": code }).end(`{"error":"told to say ${code}"}`);

  /** Commit of a revision, and the files, where both are there and may be read. */
  function repositoryOf(
    key: string,
    revision: string,
    request: FakeRequest,
    response: ServerResponse,
  ): { files: Record<string, Uint8Array>; commit: string } | null {
    if (gated?.repository === key && request.authorization !== `Bearer ${gated.token}`) {
      refuse(response, 401, "GatedRepo");
      return null;
    }
    const files = fake.repositories[key];
    if (!files) {
      refuse(response, 401, "RepoNotFound");
      return null;
    }
    const commit =
      fake.revisions[revision] ?? (Object.values(fake.revisions).includes(revision) ? revision : undefined);
    if (!commit) {
      refuse(response, 404, "RevisionNotFound");
      return null;
    }
    return { files, commit };
  }

  const hub = await serve(async (incoming, response) => {
    const request = known("hub", incoming);
    const url = new URL(incoming.url ?? "", "http://fake");
    const [, kind, name, revision = "", folder = ""] =
      /^\/api\/(models|datasets)\/([^/]+\/[^/]+)\/tree\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ?? [];
    if (name) {
      const found = repositoryOf(`${kind}/${name}`, decodeURIComponent(revision), request, response);
      if (!found) return;
      const under = decodeURIComponent(folder);
      const entries = Object.entries(found.files)
        .filter(([path]) => under === "" || path.startsWith(`${under}/`))
        .map(([path, bytes]) => ({ type: "file", path, size: bytes.length, oid: "0" }));
      if (under !== "" && entries.length === 0) return refuse(response, 404, "EntryNotFound");
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const headers: Record<string, string> = { "Content-Type": "application/json" };
      if (from + pageSize < entries.length) {
        url.searchParams.set("cursor", String(from + pageSize));
        headers.Link = `<${fake.endpoint}${url.pathname}${url.search}>; rel="next"`;
      }
      const folders = [{ type: "directory", path: "a folder", size: 0, oid: "0" }];
      return response
        .writeHead(200, headers)
        .end(JSON.stringify([...folders, ...entries.slice(from, from + pageSize)]));
    }
    const [, model, of = ""] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(url.pathname) ?? [];
    if (model) {
      const found = repositoryOf(`models/${model}`, decodeURIComponent(of), request, response);
      if (!found) return;
      const siblings = Object.entries(found.files).map(([rfilename, bytes]) => ({
        rfilename,
        size: bytes.length,
        ...(bytes.length >= redirectFrom && { lfs: { sha256: options.sums?.[rfilename] ?? "0", size: bytes.length } }),
      }));
      const about = { sha: found.commit, cardData: { license: "apache-2.0" }, gated: gated ? "auto" : false, siblings };
      return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(about));
    }
    const [, dataset, repository, at = "", path = ""] =
      /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
    if (!repository) return response.writeHead(404).end();
    const key = `${dataset ? "datasets" : "models"}/${repository}`;
    const found = repositoryOf(key, decodeURIComponent(at), request, response);
    if (!found) return;
    const file = decodeURIComponent(path);
    const bytes = found.files[file];
    if (!bytes) return refuse(response, 404, "EntryNotFound");
    const headers: Record<string, string> = { "X-Repo-Commit": found.commit };
    if (bytes.length >= redirectFrom) {
      headers["X-Linked-ETag"] = `"${markOf(bytes)}"`;
      headers["X-Linked-Size"] = String(bytes.length);
      headers.Location = `${fake.cdn}/${key}/${path}?signature=secret`;
      return response.writeHead(302, headers).end();
    }
    return send(request, response, file, bytes, headers);
  });
  const cdn = await serve(async (incoming, response) => {
    const request = known("cdn", incoming);
    const [, key, path = ""] = /^\/(\w+\/[^/]+\/[^/]+)\/([^?]+)/.exec(incoming.url ?? "") ?? [];
    const file = decodeURIComponent(path);
    const bytes = key ? fake.repositories[key]?.[file] : undefined;
    if (!bytes) return response.writeHead(403).end();
    return send(request, response, file, bytes, {});
  });

  async function send(
    request: FakeRequest,
    response: ServerResponse,
    path: string,
    bytes: Uint8Array,
    headers: Record<string, string>,
  ): Promise<void> {
    const behaviour = behave(request, path);
    if (behaviour?.kind === "silence") return;
    if (behaviour?.kind === "status") {
      const more: Record<string, string> = {};
      if (behaviour.code) more["X-Error-Code"] = behaviour.code;
      if (behaviour.retryAfter) more["Retry-After"] = behaviour.retryAfter;
      return response.writeHead(behaviour.status, more).end("told to fail");
    }
    const content = behaviour?.kind === "other content" ? bytes.map((byte) => byte ^ 0xff) : bytes;
    headers.ETag = `"${markOf(content)}"`;
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.range ?? "") ?? [];
    if (first === undefined || behaviour?.kind === "whole")
      return response.writeHead(200, { ...headers, "Content-Length": content.length }).end(content);
    const from = Number(first);
    if (from >= content.length)
      return response.writeHead(416, { ...headers, "Content-Range": `bytes */${content.length}` }).end();
    const end = Math.min(last === "" ? content.length : Number(last) + 1, content.length);
    response.writeHead(206, {
      ...headers,
      "Content-Length": end - from,
      "Content-Range": `bytes ${from}-${end - 1}/${content.length}`,
    });
    if (behaviour?.kind !== "break") return response.end(content.subarray(from, end));
    response.write(content.subarray(from, Math.min(end, from + behaviour.afterBytes)));
    // What was written is to arrive before the connection ends.
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.destroy();
  }

  fake.endpoint = hub.address;
  fake.cdn = cdn.address;
  return fake;
}

/** A mark that differs where the content does, of one byte in a thousand. */
function markOf(bytes: Uint8Array): string {
  let hash = bytes.length;
  for (let i = 0; i < bytes.length; i += 1 + (bytes.length >> 10)) hash = Math.imul(hash ^ bytes[i]!, 16777619);
  return (hash >>> 0).toString(16);
}

async function serve(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<{ address: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
