import { Field } from "./field.tsx";

interface Props {
  /** Of the form; the field's own follows from it. */
  id: string;
  greedy: boolean;
  setGreedy(greedy: boolean): void;
}

/** Whether a rollout takes the most likely token each time. */
export function GreedyField({ id, greedy, setGreedy }: Props) {
  return (
    <Field id={`${id}-greedy`} label="greedy (most likely token each time)">
      <input
        id={`${id}-greedy`}
        type="checkbox"
        checked={greedy}
        onChange={(event) => setGreedy(event.currentTarget.checked)}
      />
    </Field>
  );
}
