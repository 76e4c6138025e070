import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveFolder } from "../../../src/app/serve/static_server.mjs";

let parent: string;
let server: Awaited<ReturnType<typeof serveFolder>>;
beforeAll(async () => {
  parent = await Deno.makeTempDir();
  await Deno.mkdir(`${parent}/dist/assets`, { recursive: true });
  await Deno.mkdir(`${parent}/dist-secret`);
  await Deno.writeTextFile(`${parent}/secret.txt`, "secret");
  await Deno.writeTextFile(`${parent}/dist-secret/secret.txt`, "secret");
  await Deno.writeTextFile(`${parent}/dist/index.html`, "<p>page");
  await Deno.writeTextFile(`${parent}/dist/empty.txt`, "");
  await Deno.writeTextFile(`${parent}/dist/assets/a b.js`, "1;");
  await Deno.writeFile(
    `${parent}/dist/model.safetensors`,
    Uint8Array.from({ length: 100 }, (_, i) => i),
  );
  await Deno.symlink(`${parent}/secret.txt`, `${parent}/dist/link.txt`);
  server = await serveFolder(`${parent}/dist`, 0);
});
afterAll(async () => {
  await server.close();
  await Deno.remove(parent, { recursive: true });
});

/** A request as it is written, since fetch tidies paths up. Returns the whole answer. */
function raw(path: string, head = "Host: 127.0.0.1", method = "GET"): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.address).port), "127.0.0.1", () =>
      socket.write(`${method} ${path} HTTP/1.1\r\n${head}\r\nConnection: close\r\n\r\n`),
    );
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
}

test("the page, isolated, with the right types", async () => {
  const page = await fetch(server.address);
  expect(await page.text()).toBe("<p>page");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("cross-origin-opener-policy")).toBe("same-origin");
  expect(page.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  const script = await fetch(`${server.address}assets/a%20b.js?v=1`);
  expect([script.headers.get("content-type"), await script.text()]).toEqual(["text/javascript; charset=utf-8", "1;"]);
  const head = await fetch(`${server.address}model.safetensors`, { method: "HEAD" });
  expect([head.headers.get("content-length"), head.headers.get("content-type"), await head.text()]).toEqual([
    "100",
    "application/octet-stream",
    "",
  ]);
  expect(await (await fetch(`${server.address}empty.txt`)).text()).toBe("");
});

test("a policy goes with every answer: the page connects to no host, workers to those that a person named, no page may frame it", async () => {
  const policy = async (path: string) => (await fetch(server.address + path)).headers.get("content-security-policy")!;
  await Deno.writeTextFile(`${parent}/dist/assets/worker-1.js`, "1;");
  await Deno.writeTextFile(`${parent}/dist/assets/picture_worker-1.js`, "1;");
  await Deno.writeTextFile(`${parent}/dist/service_worker.js`, "1;");
  const [page, worker, pictures, keeper, none] = [
    await policy(""),
    await policy("assets/worker-1.js"),
    await policy("assets/picture_worker-1.js"),
    await policy("service_worker.js"),
    await policy("nothing"),
  ];
  for (const one of [page, worker, pictures, keeper, none]) {
    expect(one).toContain("frame-ancestors 'none'");
    expect(one).toContain("default-src 'self'");
    // WebAssembly, in which ONNX graphs run, is compiled in workers.
    expect(one.match(/script-src [^;]*/)![0]).toBe(`script-src 'self'${one === worker ? " 'wasm-unsafe-eval'" : ""}`);
  }
  expect(page).toMatch(/connect-src 'self'$/);
  expect(page).toContain("img-src 'self' blob: data:");
  expect(page).not.toContain("https:");
  expect(worker).toContain("connect-src 'self' https: http:");
  expect(pictures).toContain("connect-src 'none'");
  expect(keeper).toMatch(/connect-src 'self'$/);
});

test.each(["localhost", "LOCALHOST", "LocalHost:8080", "localhost.", "127.0.0.1:1", "[::1]", "[::1]:8080"])(
  "%s is this machine",
  async (host) => {
    expect(await raw("/", `Host: ${host}`)).toMatch(/^HTTP\/1.1 200/);
  },
);

test.each([
  "evil.example",
  "localhost.evil.example",
  "evil-localhost",
  "127.0.0.1.evil.example",
  "localhost:80:80",
  "localhost:x",
  "localhost..",
  "[::1",
  "user@localhost",
  "",
])("%s is not", async (host) => {
  expect(await raw("/", `Host: ${host}`)).toMatch(/^HTTP\/1.1 40[03]/);
});

describe("ranges", () => {
  test.each([
    ["bytes=10-12", 206, "bytes 10-12/100", [10, 11, 12]],
    ["bytes=98-", 206, "bytes 98-99/100", [98, 99]],
    ["bytes=98-500", 206, "bytes 98-99/100", [98, 99]],
    ["bytes=-2", 206, "bytes 98-99/100", [98, 99]],
    ["bytes=100-", 416, "bytes */100", null],
    ["bytes=12-10", 416, "bytes */100", null],
    ["bytes=-0", 416, "bytes */100", null],
    ["bytes=0-1,4-5", 200, null, Array.from({ length: 100 }, (_, i) => i)],
    ["lines=1-2", 200, null, Array.from({ length: 100 }, (_, i) => i)],
  ])("%s", async (range, status, contentRange, values) => {
    const answer = await fetch(`${server.address}model.safetensors`, { headers: { range } });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect([answer.status, answer.headers.get("content-range")]).toEqual([status, contentRange]);
    if (values) expect(Array.from(bytes)).toEqual(values);
  });
});

test("a file that the browser has already is not sent again, until it is another", async () => {
  const path = `${parent}/dist/changing.txt`;
  await Deno.writeTextFile(path, "one");
  const ask = (headers: Record<string, string>) => fetch(`${server.address}changing.txt`, { headers });
  const first = await ask({});
  const mark = first.headers.get("etag")!;
  expect(await first.text()).toBe("one");
  const again = await ask({ "if-none-match": `"other", W/${mark}` });
  expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", mark]);
  expect(again.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  const part = { range: "bytes=1-1" };
  expect((await ask({ ...part, "if-range": mark })).status).toBe(206);
  await Deno.writeTextFile(path, "other");
  const other = await ask({ "if-none-match": mark });
  expect([other.status, await other.text()]).toEqual([200, "other"]);
  const whole = await ask({ ...part, "if-range": mark });
  expect([whole.status, await whole.text()]).toEqual([200, "other"]);
});

describe("nothing outside of the folder", () => {
  test.each([
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/../dist-secret/secret.txt",
    "/link.txt",
    "//etc/passwd",
    "/assets",
    "/assets/",
    "/none",
    "/%00",
    "/%zz",
    "/index.html/x",
    `/${"a".repeat(5000)}`,
  ])("%s", async (path) => {
    const answer = await raw(path);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).not.toContain("secret");
  });
});

test("other names of this machine, and other methods, are refused", async () => {
  expect(await raw("/", "Host: evil.example")).toMatch(/^HTTP\/1\.1 403 /);
  expect(await raw("/", "Host: localhost:8080")).toMatch(/^HTTP\/1\.1 200 /);
  expect(await raw("/", "Host: 127.0.0.1", "POST")).toMatch(/^HTTP\/1\.1 405 /);
});

test("a taken port is passed over", async () => {
  const taken = Number(new URL(server.address).port);
  const other = await serveFolder(`${parent}/dist`, taken);
  expect(Number(new URL(other.address).port)).toBeGreaterThan(taken);
  await other.close();
});
