import { expect, test } from "vitest";
import { endProcess } from "../../../src/app/deno/processes/end_process.ts";

const started = (code: string) =>
  new Deno.Command(Deno.execPath(), { args: ["eval", code], stdin: "null", stdout: "piped", stderr: "piped" }).spawn();

test("a program that runs is ended, one that has ended is left alone", async () => {
  const running = started("setInterval(() => {}, 1000)");
  expect(endProcess(running, "SIGKILL")).toBe(true);
  expect((await running.status).signal).toBe("SIGKILL");
  expect(endProcess(running, "SIGKILL")).toBe(false);
  const short = started("");
  expect((await short.status).code).toBe(0);
  expect(endProcess(short, "SIGTERM")).toBe(false);
});

test("what else goes wrong is an error", () => {
  const kill = () => {
    throw new RangeError("no such signal");
  };
  expect(() => endProcess({ kill }, "SIGTERM")).toThrow("no such signal");
});
