import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { Question } from "../run/question.ts";

/** What a person is asked before it happens; nothing where nothing is asked. */
export function QuestionDialog() {
  const question = usePage().store.question.value;
  return question && <Asked key={question.title} question={question} />;
}

function Asked({ question }: { question: Question }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useLayoutEffect(() => dialog.current!.showModal(), []);
  return (
    // Escape closes it, which is no consent.
    <dialog ref={dialog} aria-labelledby={title} onClose={() => question.answer(false)}>
      <h2 id={title}>
        <b>{question.title}</b>
      </h2>
      {question.sentences.map((sentence) => (
        <p key={sentence}>{shortened(sentence, 600)}</p>
      ))}
      <p class="buttons">
        <button type="button" onClick={() => question.answer(false)}>
          Cancel
        </button>
        <button type="button" class="go" onClick={() => question.answer(true)}>
          {question.yes}
        </button>
      </p>
    </dialog>
  );
}
