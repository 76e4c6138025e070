/** `npm start`: from a fresh checkout to the page in the browser. Plain Node without dependencies. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installDependencies, nodeProblem, run } from "./dependencies.mjs";
import { serveFolder } from "./static_server.mjs";

const help = `npm start shows Saccade in your browser. It
  1. installs the dependencies with npm ci, if node_modules is missing or older than package-lock.json
  2. builds the page into dist with Vite, if a source is newer
  3. serves dist on http://127.0.0.1:8080, or on the next free port, to this machine only
  4. opens your browser there

Flags, after npm start --
  --port N    another port
  --no-open   do not open a browser (nor is one opened where CI is set or there is no display)
  --help      this text`;

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** @throws Error with a sentence for an unknown flag or a bad value. */
function parseFlags(words) {
  const flags = { help: false, open: true, port: 8080 };
  for (let at = 0; at < words.length; at++) {
    const [name, inline] = words[at].split("=");
    if (name === "--help" || name === "-h") flags.help = true;
    else if (name === "--no-open") flags.open = false;
    else if (name === "--port") {
      const value = inline ?? words[++at];
      flags.port = Number(value);
      if (!/^\d+$/.test(value ?? "") || flags.port < 1 || flags.port > 65535)
        throw new Error(`--port must be a whole number from 1 to 65535, found "${value ?? ""}"`);
    } else throw new Error(`There is no flag ${words[at]}; see npm start -- --help`);
  }
  return flags;
}

/** Whether anything that the page is made of is newer than the built page. */
function isStale() {
  const built = join(root, "dist", "index.html");
  if (!existsSync(built)) return true;
  const builtAt = statSync(built).mtimeMs;
  // Folders count as well: they change when a file in them is removed.
  const isNewer = (path) => {
    const found = statSync(path);
    return (
      found.mtimeMs > builtAt || (found.isDirectory() && readdirSync(path).some((name) => isNewer(join(path, name))))
    );
  };
  const sources = ["index.html", "vite.config.ts", "package-lock.json", "src", "shaders", "public"];
  const documents = ["docs", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
  return [...sources, ...documents].some((name) => isNewer(join(root, name)));
}

function openBrowser(address) {
  const [program, ...args] = { darwin: ["open", address], win32: ["cmd", "/c", "start", "", address] }[
    process.platform
  ] ?? ["xdg-open", address];
  // Where none opens, the address stands above.
  spawn(program, args, { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
}

const hasDisplay = () =>
  process.platform === "darwin" ||
  process.platform === "win32" ||
  Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

async function main() {
  const flags = parseFlags(process.argv.slice(2));
  if (flags.help) return console.log(help);
  const problem = nodeProblem();
  if (problem) throw new Error(problem);
  await installDependencies(root);
  if (isStale()) {
    const code = await run(process.execPath, [join(root, "node_modules", "vite", "bin", "vite.js"), "build"], {
      cwd: root,
      // Where it says something else, Vite builds what its development server shows.
      env: { ...process.env, NODE_ENV: "production" },
    });
    if (code !== 0) throw new Error(`The build ended with code ${code}; see its messages above`);
  }
  const { address, close } = await serveFolder(join(root, "dist"), flags.port);
  console.log(`\nSaccade is at ${address}\nCtrl-C ends`);
  if (flags.open && !process.env.CI && hasDisplay()) openBrowser(address);
  process.once("SIGINT", close);
  process.once("SIGTERM", close);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
