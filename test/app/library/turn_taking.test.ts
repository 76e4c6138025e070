import { describe, expect, test } from "vitest";
import { TurnTaking } from "../../../src/app/library/turn_taking.ts";
import type { TrainEvent } from "../../../src/train/events.ts";

async function* events(types: string[], left: string[] = []): AsyncGenerator<TrainEvent> {
  try {
    for (const type of types) yield { type } as TrainEvent;
  } finally {
    left.push("left");
  }
}

describe("turns on one model", () => {
  test("calls wait for each other, also for one that fails", async () => {
    const turns = new TurnTaking();
    const done: string[] = [];
    const slow = turns.alone(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      done.push("slow");
      throw new Error("slow fails");
    });
    const quick = turns.alone(async () => done.push("quick"));
    await expect(slow).rejects.toThrow("slow fails");
    await quick;
    expect(done).toEqual(["slow", "quick"]);
  });

  test("within a run a call is let in where the run rests, and no second run at all", async () => {
    const turns = new TurnTaking();
    const answers: string[] = [];
    for await (const { type } of turns.run(events(["run", "tasks", "decode", "update", "end"]))) {
      const answer = await turns.alone(async () => "answered").catch((error) => error.message.slice(0, 34));
      answers.push(`${type}: ${answer}`);
      await expect(turns.run(events(["run"])).next()).rejects.toThrow("The model is in another run");
    }
    expect(answers).toEqual([
      "run: answered",
      "tasks: A run is in the middle of a step o",
      "decode: A run is in the middle of a step o",
      "update: answered",
      "end: answered",
    ]);
    expect((await turns.run(events(["run"])).next()).value).toEqual({ type: "run" });
  });

  test("a run ends where its reader leaves, and another may begin", async () => {
    const turns = new TurnTaking();
    const left: string[] = [];
    for await (const { type } of turns.run(events(["run", "decode", "update"], left))) if (type === "decode") break;
    expect(left).toEqual(["left"]);
    expect(await turns.alone(async () => 3)).toBe(3);
  });

  test("a closed model says so, also to a run under way", async () => {
    const turns = new TurnTaking();
    const left: string[] = [];
    const run = turns.run(events(["run", "update"], left));
    await run.next();
    turns.closed = true;
    await expect(run.next()).rejects.toThrow("The model is closed");
    expect(left).toEqual(["left"]);
    await expect(turns.alone(async () => 3)).rejects.toThrow("The model is closed");
    await expect(turns.run(events(["run"])).next()).rejects.toThrow("The model is closed");
  });
});
