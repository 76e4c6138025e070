import { adapterParameterName, loadAdapter } from "../../model/lora.ts";
import { type Check, compare, type Subject } from "./check.ts";
import { within } from "./golden_folder.ts";
import { gradientChecks, passOfSequence } from "./sequence_checks.ts";

/** The PEFT adapter of the folder on the model: forward, loss and the gradient of each of its tensors. */
export async function* adapterChecks(subject: Subject): AsyncGenerator<Check> {
  const { gpu, model, folder } = subject;
  const { expected } = folder;
  if (!expected.has("lora.log_probs")) return;
  const adapter = await loadAdapter(gpu, model.parameters, within(folder.files, "adapter"), { trained: true });
  model.adapter = adapter;
  try {
    const { logprobs, entropies } = await passOfSequence(subject);
    yield compare(subject, "log_probs", logprobs, expected.floats("lora.log_probs"), { label: "lora.log_probs" });
    yield compare(subject, "entropies", entropies, expected.floats("lora.entropies"), { label: "lora.entropies" });
    const prefix = "lora.grad.";
    const names = expected.names().filter((name) => name.startsWith(prefix));
    yield* gradientChecks(
      subject,
      "lora.",
      names.map((name) => name.slice(prefix.length)).map((name) => [name, adapterParameterName(name)]),
    );
  } finally {
    model.adapter = null;
    adapter.parameters.free();
  }
}
