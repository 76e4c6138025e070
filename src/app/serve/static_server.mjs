/**
 * Serves one folder on this machine. Plain JavaScript without dependencies: `npm start` runs it under Node before
 * anything is installed, `saccade serve` under Deno.
 */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, sep } from "node:path";
import { contentPolicy } from "./content_policy.mjs";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".jsonl": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
};

/**
 * Cross-origin isolation gives the page SharedArrayBuffer and exact timers. The browser asks for every file again, so that a
 * new build shows, and gets its content where that has changed.
 */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  // For browsers that do not know frame-ancestors.
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
  "Accept-Ranges": "bytes",
};

/**
 * Serves `folder` on 127.0.0.1 at `port`, or at the next of 20 ports that is free.
 * @param {string} folder
 * @param {number} port 0 takes any free one
 * @returns {Promise<{ address: string, close: () => Promise<void> }>}
 */
export async function serveFolder(folder, port) {
  const root = await realpath(folder);
  const server = createServer((request, response) => {
    answer(root, request, response).catch((error) => {
      console.error(`Cannot serve ${request.url}: ${error.message}`);
      if (!response.headersSent)
        response.writeHead(500, { ...headers, "Content-Security-Policy": contentPolicy(".txt") });
      response.end();
    });
  });
  const last = port === 0 ? 0 : Math.min(port + 19, 65535);
  for (let next = port; ; next++) {
    try {
      await listen(server, next);
      break;
    } catch (error) {
      if (!["EADDRINUSE", "EACCES"].includes(error.code)) throw error;
      if (next >= last)
        throw new Error(
          `Expected a free port from ${port} to ${last} on 127.0.0.1, found none; choose another with --port`,
        );
    }
  }
  const address = `http://127.0.0.1:${server.address().port}/`;
  const close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { address, close };
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function answer(root, request, response) {
  const refuse = (status, text, more = {}) => {
    response.writeHead(status, {
      ...headers,
      "Content-Security-Policy": contentPolicy(".txt"),
      "Content-Type": types[".txt"],
      ...more,
    });
    response.end(`${text}\n`);
  };
  // A page elsewhere may point a name of its own at 127.0.0.1; its requests carry that name. Names of hosts know no
  // capitals, and may end with the dot of the root.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])\.?(:\d+)?$/i.test(request.headers.host ?? ""))
    return refuse(403, "Open this page as http://127.0.0.1 or http://localhost");
  if (request.method !== "GET" && request.method !== "HEAD")
    return refuse(405, "Only GET and HEAD are answered here", { Allow: "GET, HEAD" });
  const path = await locate(root, request.url);
  if (path === null) return refuse(404, "There is no such file");
  const { size, mtimeMs } = await stat(path);
  const mark = `"${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`;
  const fileHeaders = { ...headers, "Content-Security-Policy": contentPolicy(path), ETag: mark };
  const { range: asked, "if-range": onlyOf, "if-none-match": known } = request.headers;
  if (known?.split(/\s*,\s*/).some((one) => one === "*" || one.replace(/^W\//, "") === mark)) {
    response.writeHead(304, fileHeaders);
    return response.end();
  }
  const range = onlyOf === undefined || onlyOf === mark ? parseRange(asked, size) : undefined;
  if (range === null) return refuse(416, "The range lies outside of the file", { "Content-Range": `bytes */${size}` });
  const { start, end } = range ?? { start: 0, end: size };
  response.writeHead(range ? 206 : 200, {
    ...fileHeaders,
    "Content-Type": types[extname(path).toLowerCase()] ?? "application/octet-stream",
    "Content-Length": end - start,
    ...(range ? { "Content-Range": `bytes ${start}-${end - 1}/${size}` } : {}),
  });
  if (request.method === "HEAD" || end === start) return response.end();
  await new Promise((resolve, reject) => {
    // A browser that goes away closes the response; the file must be closed with it.
    const file = createReadStream(path, { start, end: end - 1 });
    file.on("error", reject);
    response.on("close", () => {
      file.destroy();
      resolve();
    });
    file.pipe(response);
  });
}

/** The file that a URL asks for, null where there is none inside of `root`. */
async function locate(root, url) {
  let path;
  try {
    path = decodeURIComponent(url.split(/[?#]/)[0]);
  } catch {
    return null;
  }
  if (path.includes("\0")) return null;
  if (path.endsWith("/")) path += "index.html";
  try {
    // Links are followed first: what counts is where the file lies.
    const found = await realpath(join(root, path));
    if (!found.startsWith(root + sep) || !(await stat(found)).isFile()) return null;
    return found;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ENAMETOOLONG", "EINVAL"].includes(error.code)) return null;
    throw error;
  }
}

/** {start, end} of a single byte range; undefined where the whole file is meant, null where it lies outside. */
function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [first, last] = [match[1], match[2]].map((text) => (text === "" ? null : Number(text)));
  const start = first ?? Math.max(0, size - last);
  const end = first === null || last === null ? size : Math.min(last + 1, size);
  return start < end && start < size ? { start, end } : null;
}
