/**
 * Run by hand after `npm install` where the registry is a mirror that lacks other platforms' packages:
 *   node test/support/complete_lock.mjs
 * npm then writes a package-lock.json without them, and `npm ci` refuses it. Every optional dependency that is named but
 * not listed gets an entry that says for which platform it is; npm skips it elsewhere, and fetches it by its version
 * where it fits. Also takes out the addresses that packages came from: a lock file must not depend on a mirror, and npm asks its own
 * registry for a name and version.
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));

/** What a package's name says about its platform, in the words of package.json. */
const platformWords = {
  os: {
    darwin: /darwin|macos/,
    win32: /win32|windows/,
    android: /android/,
    freebsd: /freebsd/,
    openbsd: /openbsd/,
    netbsd: /netbsd/,
    openharmony: /openharmony/,
    linux: /linux/,
    aix: /aix/,
    sunos: /sunos/,
  },
  cpu: {
    arm64: /arm64|aarch64/,
    arm: /arm(?!64)/,
    x64: /x64|x86_64/,
    ia32: /ia32/,
    riscv64: /riscv64/,
    ppc64: /ppc64/,
    s390x: /s390x/,
    loong64: /loong64/,
    wasm32: /wasm32/,
  },
  libc: { musl: /musl/, glibc: /gnu|glibc/ },
};

function platformOf(name) {
  const found = {};
  for (const [field, words] of Object.entries(platformWords)) {
    const word = Object.keys(words).find((key) => words[key].test(name));
    if (word) found[field] = [word];
  }
  return found;
}

/** Whether npm finds `name` from the package at `path`: in its own node_modules, or in one further up. */
function isListed(path, name) {
  for (let folder = path; folder !== ""; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    if (lock.packages[`${folder}/node_modules/${name}`]) return true;
  }
  return Boolean(lock.packages[`node_modules/${name}`]);
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, wanted] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isListed(path, name)) continue;
    const version = wanted.replace(/^[^\d]*/, "");
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platformOf(name),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
    };
    added++;
  }
}

let rewritten = 0;
for (const entry of Object.values(lock.packages)) {
  if (entry.resolved) {
    delete entry.resolved;
    rewritten++;
  }
}

// Untouched where nothing is missing: a newer lock file makes `npm start` and `npm test` install again.
if (added + rewritten > 0) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
console.log(`${added} entries added, ${rewritten} addresses taken out`);
