import { useId, useState } from "preact/hooks";
import { cutMark, mostNoteCharacters, tagsOf } from "../../../train/rollout_mark.ts";
import { rootOf } from "../../worker_api/branch_api.ts";
import { usePage } from "../run/page_context.ts";

/** What a person says of a rollout: a note, tags, and that its verdict is wrong. Kept as it is written. */
export function MarkFields({ rollout }: { rollout: string }) {
  const id = rootOf(rollout);
  // Another rollout has fields of its own: what was typed belongs to the one before.
  return <Fields key={id} rollout={id} />;
}

function Fields({ rollout }: { rollout: string }) {
  const { store, marks } = usePage();
  const said = marks.of(rollout);
  const [tags, setTags] = useState<string | null>(null);
  const [isKept, setIsKept] = useState(false);
  const [cut, setCut] = useState("");
  const about = useId();
  const keep = async (change: Parameters<typeof marks.say>[1]): Promise<void> => {
    await marks.say(rollout, change);
    setIsKept(true);
  };
  if (store.tree.value === null) return null;
  return (
    <div class="marks">
      <label class="row wide">
        <span class="small">Note</span>
        <textarea
          rows={2}
          maxLength={mostNoteCharacters}
          placeholder="What is worth knowing about this rollout"
          value={said.note}
          onChange={(event) => {
            const typed = event.currentTarget.value;
            setCut(cutMark({ note: typed }));
            void keep({ note: typed.trim() });
          }}
        />
      </label>
      <label class="row wide">
        <span class="small">Tags, with commas between</span>
        <input
          class="text"
          aria-describedby={about}
          value={tags ?? said.tags.join(", ")}
          onInput={(event) => setTags(event.currentTarget.value)}
          onChange={(event) => {
            setTags(null);
            setCut(cutMark({ tags: event.currentTarget.value }));
            void keep({ tags: tagsOf(event.currentTarget.value) });
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
