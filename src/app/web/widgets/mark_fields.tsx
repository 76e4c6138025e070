import { useEffect, useId, useRef, useState } from "preact/hooks";
import { cutMark, mostNoteCharacters, tagsOf } from "../../../train/rollout_mark.ts";
import { rootOf } from "../../worker_api/branch_api.ts";
import { usePage } from "../run/page_context.ts";

/** A note is kept once its writer pauses for this long: a page may be closed before the field is left. */
const pauseMs = 500;

/** What a person says of a rollout: a note, tags, and that its verdict is wrong. Kept as it is written. */
export function MarkFields({ rollout }: { rollout: string }) {
  const id = rootOf(rollout);
  // Another rollout has fields of its own: what was typed belongs to the one before.
  return <Fields key={id} rollout={id} />;
}

function Fields({ rollout }: { rollout: string }) {
  const { store, marks } = usePage();
  const said = marks.of(rollout);
  const [note, setNote] = useState<string | null>(null);
  const [tags, setTags] = useState<string | null>(null);
  const [isKept, setIsKept] = useState(false);
  /** Keeps what was typed and is not kept yet. */
  const typing = useRef<{ timer: ReturnType<typeof setTimeout>; keep(): void } | null>(null);
  const [cut, setCut] = useState("");
  const about = useId();
  const keep = async (change: Parameters<typeof marks.say>[1]): Promise<void> => {
    setIsKept(await marks.say(rollout, change));
  };
  const keepTyped = (): void => {
    clearTimeout(typing.current?.timer);
    typing.current?.keep();
    typing.current = null;
  };
  const type = (change: Parameters<typeof marks.say>[1]): void => {
    clearTimeout(typing.current?.timer);
    typing.current = { timer: setTimeout(keepTyped, pauseMs), keep: () => void keep(change) };
  };
  // Where the next rollout is shown, its fields take the place of these without their being left.
  useEffect(() => keepTyped, []);
  if (store.tree.value === null) return null;
  return (
    <div class="marks">
      <label class="row wide">
        <span class="small">Note</span>
        <textarea
          rows={2}
          maxLength={mostNoteCharacters}
          placeholder="What is worth knowing about this rollout"
          value={note ?? said.note}
          onInput={(event) => {
            const typed = event.currentTarget.value;
            setNote(typed);
            setCut(cutMark({ note: typed }));
            type({ note: typed.trim() });
          }}
          onChange={() => {
            keepTyped();
            setNote(null);
          }}
        />
      </label>
      <label class="row wide">
        <span class="small">Tags, with commas between</span>
        <input
          class="text"
          aria-describedby={about}
          value={tags ?? said.tags.join(", ")}
          onInput={(event) => {
            const typed = event.currentTarget.value;
            setTags(typed);
            setCut(cutMark({ tags: typed }));
            type({ tags: tagsOf(typed) });
          }}
          onChange={() => {
            keepTyped();
            setTags(null);
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={said.judgeWrong}
          onChange={(event) => void keep({ judgeWrong: event.currentTarget.checked })}
        />
        The judge is wrong here
      </label>
      <p id={about} class="soft small" role="status">
        {cut}
        {isKept ? "Kept in this browser. " : ""}The list of rollouts finds them; saved logs have them.
      </p>
    </div>
  );
}
