import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { glossary, type Meaning, type Word } from "../labels/glossary.ts";

interface Props {
  of: Word;
  /** As the sentence writes it; the glossary's name where absent. */
  children?: ComponentChildren;
}

/**
 * A word with its meaning: on hover, on focus, on a press. Not within another button, a link or a summary, which would be
 * one control in another; `Question` can stand beside those.
 */
export function Term({ of, children }: Props) {
  const word: Meaning = glossary[of];
  return (
    <Explained word={word} className="term">
      {children ?? inSentence(word.name)}
    </Explained>
  );
}

/** "Rollout" begins small within a sentence; "DeepEyes" and "GRPO" are names. */
const inSentence = (name: string): string => (/^[A-Z][^A-Z]*$/.test(name) ? name.toLowerCase() : name);

/** Words that no glossary has, with what they mean here: the title of a chart. */
export const Explanation = ({ name, says }: Meaning) => (
  <Explained word={{ name, says }} className="term">
    {name}
  </Explained>
);

/** A "?" with the meaning of a word, beside a heading, a label or a curve's name. */
export const Question = ({ of }: { of: Word }) => <Hint {...(glossary[of] as Meaning)} />;

/** The same with a sentence of the place itself, where that says more than the glossary: a setting's or a chart's. */
export function Hint(word: Meaning) {
  return (
    <Explained word={word} className="question">
      <span aria-hidden="true">?</span>
      <span class="hidden">What is {word.name}?</span>
    </Explained>
  );
}

/** A pointer on its way from the word to the text leaves both for a moment. */
const leaveMs = 150;
const hoverMs = 120;
const marginPx = 8;

interface ExplainedProps {
  word: Meaning;
  className: string;
  children: ComponentChildren;
}

function Explained({ word, className, children }: ExplainedProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const soon = (next: boolean, ms: number): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(next), ms);
  };
  const now = (next: boolean): void => {
    clearTimeout(timer.current);
    setOpen(next);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      // A dialog around it stays.
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    };
    const onScroll = (): void => setOpen(false);
    addEventListener("keydown", onKey, true);
    addEventListener("scroll", onScroll, { capture: true, passive: true });
    return () => {
      removeEventListener("keydown", onKey, true);
      removeEventListener("scroll", onScroll, true);
    };
  }, [open]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the pointer may move from the word onto its meaning
    <span
      class="explained"
      onPointerEnter={(event) => event.pointerType === "mouse" && soon(true, hoverMs)}
      onPointerLeave={(event) => event.pointerType === "mouse" && soon(false, leaveMs)}
      onFocusOut={({ currentTarget, relatedTarget }) =>
        !(relatedTarget instanceof Node && currentTarget.contains(relatedTarget)) && now(false)
      }
    >
      <button
        ref={button}
        type="button"
        class={className}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-describedby={open ? id : undefined}
        onFocus={({ currentTarget }) => currentTarget.matches(":focus-visible") && now(true)}
        onClick={() => now(true)}
      >
        {children}
      </button>
      {open && <Balloon id={id} word={word} of={button.current} />}
    </span>
  );
}

/** In the browser's top layer, so that no card cuts it: below its word, or above where there is no room. */
function Balloon({ id, word, of }: { id: string; word: Meaning; of: HTMLElement | null }) {
  const element = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const balloon = element.current;
    if (!balloon || !of) return;
    balloon.showPopover();
    const { left, top, bottom } = of.getBoundingClientRect();
    const { width, height } = balloon.getBoundingClientRect();
    const most = document.documentElement.clientWidth - width - marginPx;
    const below = bottom + height + marginPx <= innerHeight || top < height + marginPx;
    balloon.style.left = `${Math.max(marginPx, Math.min(left, most))}px`;
    balloon.style.top = `${below ? bottom + 4 : top - height - 4}px`;
  }, [of]);
  return (
    <span ref={element} id={id} class="balloon" popover="manual">
      <b>{word.name}.</b> {word.says}
      {word.link && (
        <>
          {" "}
          <a href={word.link.href} target="_blank" rel="noreferrer">
            {word.link.label}
          </a>
        </>
      )}
    </span>
  );
}
