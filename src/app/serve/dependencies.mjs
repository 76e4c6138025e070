/** What must be there before anything of ours can run. Plain Node without dependencies, for `npm start` and `npm test`. */
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

/** A sentence where this Node is too old, else null. */
export function nodeProblem(version = process.versions.node) {
  const [major, minor] = version.split(".").map(Number);
  // Vite asks for 20.19, 22.12 or later.
  const isEnough = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
  return isEnough
    ? null
    : `Expected Node 20.19 or later (22.12 or later of version 22), found ${version}; install a current one from https://nodejs.org`;
}

/** Why `npm ci` must run in `root`: "missing" or "older than package-lock.json"; null where it need not. */
export function dependenciesProblem(root) {
  // npm writes this file last, so an interrupted installation has none.
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return "missing";
  return statSync(installed).mtimeMs < statSync(join(root, "package-lock.json")).mtimeMs
    ? "older than package-lock.json"
    : null;
}

/** Installs what package-lock.json names, where need be. @throws Error where npm fails. */
export async function installDependencies(root) {
  const problem = dependenciesProblem(root);
  if (problem === null) return;
  console.log(`node_modules is ${problem}: npm ci`);
  // Under `npm start` npm says where it lies; its shim on Windows would need a shell.
  const npm = process.env.npm_execpath;
  const code = npm
    ? await run(process.execPath, [npm, "ci"], { cwd: root })
    : await run("npm", ["ci"], { cwd: root, shell: process.platform === "win32" });
  if (code !== 0) throw new Error(`npm ci ended with code ${code}; see its messages above. Is the network reachable?`);
}

/** Runs a program with our own input and output. Resolves to its exit code; 127 where it cannot be started. */
export function run(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "inherit", ...options });
    child.on("error", (error) => {
      console.error(`Cannot start ${program}: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code, signal) => {
      if (signal) console.error(`${program} was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}
