/**
 * `npm test`: types, lint, the native tests under Deno, the page's tests in Chromium and fuzzing. Installs what is missing where
 * it may. At the end: how long each part and the slowest files took, and the sum. Plain Node without dependencies; words after
 * `npm test --` choose test files.
 */
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { installDependencies, nodeProblem, run } from "../src/app/serve/dependencies.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const filters = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), "saccade-test-"));
// Private, as the Vulkan software driver wants it; without it, it writes a line to stderr for every process.
process.env.XDG_RUNTIME_DIR = scratch;

const sum = { passed: 0, failed: 0, skipped: 0 };
const stepTimeoutMs = 17 * 60_000;
/** @type {{ title: string, seconds: number }[]} */
const parts = [];
/** @type {{ name: string, seconds: number }[]} */
const files = [];
const slowestFiles = 10;

function bin(name) {
  return join(root, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);
}

/**
 * Runs one program under a title. Resolves to its exit code.
 * @param {{ isBeside?: boolean }} options  isBeside: another one runs at the same time, so its output is printed when it has ended
 */
async function step(title, program, args, { isBeside = false } = {}) {
  const startedAt = Date.now();
  const output = join(scratch, `${title.replace(/\W+/g, "-")}.txt`);
  const file = isBeside ? openSync(output, "w") : null;
  if (file === null) console.log(`\n== ${title}`);
  const code = await run(program, args, {
    cwd: root,
    timeout: stepTimeoutMs,
    shell: process.platform === "win32",
    stdio: file === null ? "inherit" : ["ignore", file, file],
  });
  if (file !== null) {
    closeSync(file);
    console.log(`\n== ${title}\n${readFileSync(output, "utf8").trimEnd()}`);
  }
  const seconds = (Date.now() - startedAt) / 1000;
  parts.push({ title, seconds });
  console.log(`== ${title}: ${code === 0 ? "good" : `failed (code ${code})`}, ${seconds.toFixed(1)} s`);
  return code;
}

/** A step that is one check by itself. */
async function check(title, program, args, options) {
  if ((await step(title, program, args, options)) !== 0) sum.failed++;
}

/** One project of vite.config.ts, under Deno: its tests have Deno's WebGPU, and no second runner is needed. */
async function vitest(project, options) {
  const report = join(scratch, `${project}.json`);
  const args = [
    "run",
    "-A",
    join("node_modules", "vitest", "vitest.mjs"),
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  if (filters.length > 0) args.push("--passWithNoTests", ...filters);
  const code = await step(`${project} tests`, bin("deno"), args, options);
  let failed = 0;
  if (existsSync(report)) {
    const found = JSON.parse(readFileSync(report, "utf8"));
    sum.passed += found.numPassedTests;
    sum.skipped += found.numPendingTests + found.numTodoTests;
    for (const { name, startTime, endTime } of found.testResults)
      files.push({ name: relative(root, name), seconds: (endTime - startTime) / 1000 });
    // A file that cannot be loaded has no tests that could fail.
    failed =
      found.numFailedTests +
      found.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  }
  // An error outside of any test shows in the exit code only.
  sum.failed += code !== 0 && failed === 0 ? 1 : failed;
}

/** Debian packages that are missing on this machine, and without which tests fail. */
function missingPackages() {
  if (process.platform !== "linux") return [];
  const missing = [];
  if (!existsSync("/usr/bin/chromium")) missing.push("chromium");
  const drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder) : [],
  );
  if (drivers.length === 0) missing.push("mesa-vulkan-drivers");
  return missing;
}

/** Without it the tests in Firefox are skipped, with a sentence. */
const lacksFirefox = () =>
  process.platform === "linux" && !existsSync("/usr/bin/firefox-esr") && !existsSync("/usr/bin/firefox");

async function installPackages() {
  const missing = missingPackages();
  // Ubuntu's package of that name installs no browser, but a snap.
  const isDebian = existsSync("/etc/os-release") && /^ID="?debian"?$/m.test(readFileSync("/etc/os-release", "utf8"));
  const isAble = isDebian && process.getuid() === 0;
  const wanted = isAble && lacksFirefox() ? [...missing, "firefox-esr"] : missing;
  if (wanted.length === 0) return;
  if (isAble) {
    process.env.DEBIAN_FRONTEND = "noninteractive";
    const code =
      (await step("apt-get update", "apt-get", ["-qq", "update"])) ||
      (await step(`apt-get install ${wanted.join(" ")}`, "apt-get", [
        "-qq",
        "install",
        "-y",
        "--no-install-recommends",
        ...wanted,
      ]));
    if (code === 0 || missing.length === 0) return;
  }
  sum.failed++;
  console.error(
    `Expected ${missing.join(" and ")} on this machine, found none; on Debian install with: apt-get install -y --no-install-recommends ${missing.join(" ")}`,
  );
}

async function main() {
  const problem = nodeProblem();
  if (problem) throw new Error(problem);
  await installDependencies(root);
  await installPackages();
  await check("types", bin("tsc"), ["--noEmit", "-p", "."]);
  await check("lint and format", bin("biome"), ["check", "."]);
  // Each waits for a single thread now and then: side by side they take the least time. Fuzzing counts a case's time on a
  // processor, and takes what the others leave.
  const beside = [vitest("browser", { isBeside: true })];
  const fuzz = ["run", "-A", "src/app/deno/cli.ts", "fuzz", "--seconds", "60"];
  if (filters.length === 0) beside.push(check("fuzzing, 60 s", bin("deno"), fuzz, { isBeside: true }));
  await vitest("native");
  await Promise.all(beside);
}

function printTimes() {
  console.log(`\n${parts.map(({ title, seconds }) => `${title} ${seconds.toFixed(1)} s`).join(", ")}`);
  console.log("The slowest test files:");
  for (const { name, seconds } of files.sort((a, b) => b.seconds - a.seconds).slice(0, slowestFiles))
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
}

try {
  await main();
  printTimes();
} catch (error) {
  sum.failed++;
  console.error(error.message);
}
rmSync(scratch, { recursive: true, force: true });
console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);
