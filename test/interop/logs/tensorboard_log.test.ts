import { expect, test } from "vitest";
import { integerField } from "../../../src/interop/logs/protobuf.ts";
import { tensorboardLog } from "../../../src/interop/logs/tensorboard_log.ts";
import { crc32c } from "../../../src/interop/logs/tfrecord.ts";
import { filesOf, givenLog, loggedStep } from "../../support/logged_run.ts";

/** What TensorBoard 2.21's own RecordWriter and event_pb2 made of these events. */
const golden =
  "GAAAAAAAAACjf0siCQAAEACE19dBGg1icmFpbi5FdmVudDoy2trSMj0AAAAAAAAAYEnx7AkAABAAhNfXQRCsAiovChgKEWNyaXRpYy9zY29yZS9tZWFuFQAAAD8KEwoMYWN0b3IvcHBvX2tsFQrXo7rZpCIgLgAAAAAAAADFy1f6CQAAYACE19dBEKwCKiAKHgoXaGVsZG91dC9ncmVlZHkvYWNjdXJhY3kVAADAfxz+cec=";

test("an event file is that of TensorBoard's own writer, byte for byte", async () => {
  const files = await filesOf(
    tensorboardLog(
      givenLog(
        { ...loggedStep, step: 300, metrics: { "critic/score/mean": 0.5, "actor/ppo_kl": -1.25e-3 } },
        {
          kind: "evaluation",
          run: "first",
          config: {},
          step: 300,
          endedAtMs: 1_600_000_001_500,
          greedy: true,
          metrics: { accuracy: Number.NaN },
        },
      ),
    ),
  );
  expect(Object.keys(files)).toEqual(["events.out.tfevents.1600000000.saccade"]);
  const [bytes] = Object.values(files);
  expect(btoa(String.fromCharCode(...bytes!))).toBe(golden);
});

test("no log, no file", async () => {
  expect(await filesOf(tensorboardLog(givenLog()))).toEqual({});
});

test("CRC-32C gives the check value of RFC 3720", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
});

test("steps beyond 32 bits keep their value", () => {
  // 2^35 + 1 as a varint: 81 80 80 80 80 01.
  expect(integerField(2, 2 ** 35 + 1)).toEqual([0x10, 0x81, 0x80, 0x80, 0x80, 0x80, 0x01]);
});
