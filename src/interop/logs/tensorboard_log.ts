import type { NamedBytes } from "../../platform.ts";
import type { Logged } from "./logged_steps.ts";
import { metricsOf } from "./metric_names.ts";
import { doubleField, floatField, integerField, messageField, stringField } from "./protobuf.ts";
import { tfRecord } from "./tfrecord.ts";

/**
 * TensorBoard's event file: every metric as a scalar, one event a step. Field numbers are those of
 * tensorboard/compat/proto/event.proto (wall_time 1, step 2, file_version 3, summary 5) and summary.proto (value 1; in
 * it tag 1, simple_value 2).
 */
export async function* tensorboardLog(log: AsyncIterable<Logged>): AsyncGenerator<NamedBytes> {
  let name: string | null = null;
  for await (const one of log) {
    const wallSeconds = one.endedAtMs / 1000;
    if (name === null) {
      // TensorBoard takes files whose name has "tfevents" in it, in the order of their names.
      name = `events.out.tfevents.${String(Math.floor(wallSeconds)).padStart(10, "0")}.saccade`;
      yield { name, bytes: event([...doubleField(1, wallSeconds), ...stringField(3, "brain.Event:2")]) };
    }
    const values = Object.entries(metricsOf(one)).flatMap(([tag, value]) =>
      messageField(1, [...stringField(1, tag), ...floatField(2, value)]),
    );
    const bytes = event([...doubleField(1, wallSeconds), ...integerField(2, one.step), ...messageField(5, values)]);
    yield { name, bytes };
  }
}

const event = (fields: readonly number[]): Uint8Array => tfRecord(Uint8Array.from(fields));
