/**
 * Keeps the page in the browser, so that it opens without a network after the first visit. The build (offline_files.mjs) puts one
 * line in front of this file: `files`, what the page consists of, as [path, SHA-256 in hex, whether the page opens without it].
 *
 * - The page itself, models and recordings come from the network where it answers, so that a new version shows at once; what is
 *   kept stands in where it does not, or does not begin to within some seconds.
 * - Scripts and styles have their hash in their names and come from what is kept: a tab that was opened before an update still
 *   finds the parts that it has not loaded yet.
 * - Answers are kept as they came, with their headers: policy and isolation stay.
 * - Other hosts, ranges and files that are not of the page pass by. Weights of the Hub are kept elsewhere (weight_store.ts).
 */
const scope = new URL("./", self.location.href).href;
// One origin may hold several copies of the page.
const cacheName = `saccade ${scope}`;
/** Where the list of the version before is kept. */
const listKey = `${scope}?files`;
const atATime = 4;

/** A network that has not begun to answer by then is taken for none, */
const patienceMs = 5_000;
/** and not waited for again in the time after that: a page asks for many files. */
const silenceMs = 30_000;
let silentUntilMs = 0;

/** The page is asked for by its folder: many hosts redirect index.html there, and what was redirected cannot open. */
const addressOf = (path) => scope + (path === "index.html" ? "" : path.split("/").map(encodeURIComponent).join("/"));
/** Content stands in the key: what has not changed is not fetched again by a new version. */
const keyOf = ([path, hash]) => `${addressOf(path)}?sha256=${hash}`;
/** A model has files that it may lack; without a network it is known all the same that there is none. */
const folderOf = (path) => path.slice(0, path.lastIndexOf("/") + 1);
const isBesideKept = (path) => folderOf(path) !== "" && files.some(([name]) => folderOf(name) === folderOf(path));
const isHashed = (path) => path.startsWith("assets/");

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || request.headers.has("range") || !request.url.startsWith(scope)) return;
  const path = decodeURIComponent(request.url.slice(scope.length).split(/[?#]/)[0]) || "index.html";
  if (isHashed(path)) event.respondWith(keptFirst(request));
  else {
    const file = files.find(([name]) => name === path);
    if (file) event.respondWith(networkFirst(event, file));
    else if (request.mode !== "navigate" && isBesideKept(path))
      event.respondWith(inTime(fetch(request)).then((answer) => answer ?? new Response("", { status: 404 })));
  }
});

/** @throws Error where a file that the page needs cannot be fetched: the version before stays, and the next visit tries again */
async function install() {
  const cache = await caches.open(cacheName);
  const keys = new Set((await cache.keys()).map(({ url }) => url));
  const missing = files.filter((file) => !keys.has(keyOf(file)));
  const storeNext = async () => {
    for (let file = missing.shift(); file; file = missing.shift()) {
      const isLate = file[2];
      // A model that cannot be fetched now is kept when it is used.
      await store(cache, file).catch((error) => isLate || Promise.reject(error));
    }
  };
  await Promise.all(Array.from({ length: atATime }, storeNext));
  // Not held back until the last tab is closed: with a newer version's storage the older page could not open.
  await self.skipWaiting();
}

async function store(cache, file) {
  const answer = await asked(addressOf(file[0]));
  if (!answer.ok) throw new Error(`${file[0]}: the server answered ${answer.status}`);
  await put(cache, file, answer);
}

/** An answer from the network; where it does not begin to answer, it is asked once more. */
async function asked(address) {
  for (let isLast = false; ; isLast = true) {
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(), 4 * patienceMs);
    try {
      return await fetch(address, { cache: "no-cache", signal: silent.signal });
    } catch (error) {
      if (isLast || !silent.signal.aborted) throw error;
    } finally {
      // What follows may take its time.
      clearTimeout(timer);
    }
  }
}

/** @throws Error where the content is another: the server has a newer version than this one */
async function put(cache, file, answer) {
  const [path, hash] = file;
  const { status, statusText, headers, redirected } = answer;
  const kept = answer.clone();
  const bytes = await answer.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const isIt = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === hash;
  // Some servers send a packed file as an encoding of what it holds, and the browser unpacks it.
  const isUnpacked = path.endsWith(".gz") && new Uint8Array(bytes)[0] !== 0x1f;
  if (!isIt && !isUnpacked) throw new Error(`${path} is of another version`);
  await cache.put(keyOf(file), redirected ? new Response(bytes, { status, statusText, headers }) : kept);
}

/** Drops what neither this version nor a tab with the one before can ask for. */
async function activate() {
  const cache = await caches.open(cacheName);
  const before = (await (await cache.match(listKey))?.json()) ?? [];
  const wanted = new Set([...files, ...before.filter(([path]) => isHashed(path))].map(keyOf));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  await cache.put(listKey, new Response(JSON.stringify(files)));
  await self.clients.claim();
}

async function keptFirst(request) {
  const cache = await caches.open(cacheName);
  return (await cache.match(request.url, { ignoreSearch: true })) ?? fetch(request);
}

async function networkFirst(event, file) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(keyOf(file));
  const network = fetch(event.request);
  if (kept) return (await inTime(network)) ?? kept;
  const answer = await network;
  if (answer.ok) event.waitUntil(put(cache, file, answer.clone()).catch(() => {}));
  return answer;
}

/** What the network answers; null where it fails, or does not begin to answer in time. */
async function inTime(network) {
  const answer = network.catch(() => null);
  const leftMs = performance.now() < silentUntilMs ? 0 : patienceMs;
  let timer;
  const tooLate = new Promise((resolve) => {
    timer = setTimeout(resolve, leftMs, undefined);
  });
  const first = await Promise.race([answer, tooLate]);
  clearTimeout(timer);
  if (first === undefined && leftMs > 0) silentUntilMs = performance.now() + silenceMs;
  return first ?? null;
}
