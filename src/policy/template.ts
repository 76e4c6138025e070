import { Environment, Interpreter, Template } from "@huggingface/jinja";
import { type PythonValue, plainValue } from "./python_json.ts";
import type { RenderOptions } from "./recipe_chat.ts";

/** Longer than any model's template. */
const maxLength = 200_000;
/** Parts of a template that are evaluated, and members of the lists and characters / 64 of the texts that they make. */
const maxSteps = 500_000;

/**
 * A conversation as text by a checkpoint's own chat template (Jinja). Numbers lose the difference between 1 and 1.0:
 * the template engine has but one kind. A template is a program of a third party: what it evaluates is counted.
 * @throws Error with the engine's message in it where the template is none or the conversation lacks what it asks for, and
 *         where it takes too long
 */
export function renderTemplate(
  template: string,
  messages: readonly PythonValue[],
  tools: PythonValue,
  options: RenderOptions,
): string {
  if (template.length > maxLength)
    throw new Error(`A chat template may have at most ${maxLength} characters, found ${template.length}`);
  const budget = { left: maxSteps };
  const environment = new Environment();
  const globals = { true: true, false: false, none: null, True: true, False: false, None: null };
  const given = { messages: messages.map(plainValue), tools: plainValue(tools), ...options };
  for (const [name, value] of Object.entries({ ...globals, ...functionsOf(budget), ...given }))
    environment.set(name, value);
  try {
    return String(new CountingInterpreter(environment, budget).run(new Template(template).parsed).value);
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith(own)) throw error;
    throw new Error(
      error instanceof RangeError
        ? `${own} takes too much: ${message}`
        : // The engine meets a broken template with errors of its own code.
          `${own} cannot be used${error instanceof TypeError ? "; it is damaged" : `: ${message}`}`,
      { cause: error },
    );
  }
}

const own = "The chat template";

function spend(budget: { left: number }, steps: number): void {
  budget.left -= steps;
  if (budget.left < 0) throw new Error(`${own} takes too long: more than ${maxSteps} steps`);
}

/** What a template may call: as the engine has it, but the members of a range count as steps. */
function functionsOf(budget: { left: number }): Record<string, unknown> {
  return {
    raise_exception: (message: string) => {
      throw new Error(message);
    },
    range: (first: number, end?: number, step = 1) => {
      const [start, stop] = end === undefined ? [0, first] : [first, end];
      if (step === 0) throw new Error("range() step must not be zero");
      const count = Math.max(0, Math.ceil((stop - start) / step));
      spend(budget, count);
      return Array.from({ length: count }, (_, i) => start + i * step);
    },
  };
}

class CountingInterpreter extends Interpreter {
  readonly #budget: { left: number };

  constructor(environment: Environment, budget: { left: number }) {
    super(environment);
    this.#budget = budget;
  }

  override evaluate(...asked: Parameters<Interpreter["evaluate"]>): ReturnType<Interpreter["evaluate"]> {
    spend(this.#budget, 1);
    const made = super.evaluate(...asked);
    const value: unknown = made.value;
    if (typeof value === "string") spend(this.#budget, value.length >>> 6);
    else if (Array.isArray(value)) spend(this.#budget, value.length);
    else if (value instanceof Map) spend(this.#budget, value.size);
    return made;
  }
}
