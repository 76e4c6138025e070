import { expect, test } from "vitest";
import { dependenciesProblem, nodeProblem } from "../../../src/app/serve/dependencies.mjs";

test("an old Node is named, with what is expected", () => {
  for (const version of ["20.19.0", "20.20.2", "22.12.0", "23.0.0", "24.1.0", "26.0.0"])
    expect(nodeProblem(version)).toBeNull();
  for (const version of ["18.20.0", "20.18.3", "21.7.0", "22.11.0"])
    expect(nodeProblem(version)).toMatch(new RegExp(`^Expected Node 20\\.19 or later .*, found ${version}; install`));
});

test("dependencies are installed where they are missing, half there, or older than the lock file", async () => {
  const root = await Deno.makeTempDir();
  await Deno.writeTextFile(`${root}/package-lock.json`, "{}");
  expect(dependenciesProblem(root)).toBe("missing");
  await Deno.mkdir(`${root}/node_modules`);
  expect(dependenciesProblem(root)).toBe("missing");
  const installed = `${root}/node_modules/.package-lock.json`;
  await Deno.writeTextFile(installed, "{}");
  await Deno.utime(`${root}/package-lock.json`, new Date(1000), new Date(1000));
  expect(dependenciesProblem(root)).toBeNull();
  await Deno.utime(installed, new Date(500), new Date(500));
  expect(dependenciesProblem(root)).toBe("older than package-lock.json");
  await Deno.remove(root, { recursive: true });
});
