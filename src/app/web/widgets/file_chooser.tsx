import type { GivenFile } from "../../worker_api/dropped_folder.ts";
import { chosenFiles } from "../browser/dropped.ts";
import { usePage } from "../run/page_context.ts";

interface Props {
  label: string;
  /** A folder with all that is in it. */
  folder?: boolean;
  /** One file only. */
  one?: boolean;
  /** Kinds of files that are offered first. */
  accept?: string;
  onFiles(files: GivenFile[]): void;
}

/** A button that lets a person choose files of their machine. */
export function FileChooser({ label, folder, one, accept, onFiles }: Props) {
  const { store } = usePage();
  return (
    <label class="filebutton">
      {label}
      <input
        type="file"
        multiple={!one}
        accept={accept}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          // Emptied, so that the same files can be chosen again
          event.currentTarget.value = "";
          try {
            if (files.length > 0) onFiles(chosenFiles(files));
          } catch (error) {
            store.notices.error(error);
          }
        }}
      />
    </label>
  );
}
