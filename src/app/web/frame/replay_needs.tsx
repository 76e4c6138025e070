import { useState } from "preact/hooks";
import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { WantedLog } from "../run/store.ts";
import { FileChooser } from "../widgets/file_chooser.tsx";

/** What a person must do to see all of the run that is shown: agree to addresses, or give files. */
export function ReplayNeeds() {
  const { store } = usePage();
  const replay = store.replay.value;
  const wanted = store.wantedFile.value;
  if (wanted) return <WantedFile wanted={wanted} />;
  if (!replay) return null;
  // Another run is asked for anew.
  return <Needs key={`${replay.link} ${replay.state.head?.startedAt}`} />;
}

/** Addresses in one question; what is left is asked after it. */
const mostAddresses = 100;

function Needs() {
  const { store } = usePage();
  const [declined, setDeclined] = useState<readonly string[]>([]);
  const lookup = store.lookup.value;
  if (!lookup) return null;
  // Consent is asked only for what can be read.
  const addresses = lookup.addresses.filter((address) => !declined.includes(address)).slice(0, mostAddresses);
  return (
    <div class="needs">
      {addresses.length > 0 && (
        <Ask
          addresses={addresses}
          onAgree={() => {
            store.agreed.value = new Set([...store.agreed.value, ...addresses]);
          }}
          onDecline={() => setDeclined([...declined, ...addresses])}
        />
      )}
      {(lookup.dataFiles.length > 0 || lookup.modelFolder !== null) && (
        <WantedFiles files={lookup.dataFiles} model={lookup.modelFolder} />
      )}
    </div>
  );
}

function Ask({ addresses, onAgree, onDecline }: { addresses: readonly string[]; onAgree(): void; onDecline(): void }) {
  return (
    <section class="notice information" aria-label="Addresses in this log">
      <div>
        <p>
          <b>This log names addresses.</b> Pictures or token texts of the run are there; nothing has been fetched, and
          whoever has these servers would learn that you look at it. Rewards, tokens and curves are shown without them.
        </p>
        <ul class="addresses mono">
          {addresses.map((address) => (
            <li key={address}>{shortened(address, 500)}</li>
          ))}
        </ul>
        <p class="buttons">
          <button type="button" onClick={onAgree}>
            Fetch from {addresses.length === 1 ? "this address" : `these ${addresses.length} addresses`}
          </button>
          <button type="button" onClick={onDecline}>
            Go without
          </button>
        </p>
      </div>
    </section>
  );
}

/** Names in one sentence at most. */
const namedFiles = 6;

function WantedFiles({ files, model }: { files: readonly string[]; model: string | null }) {
  const { replayFiles, store } = usePage();
  const named = files.slice(0, namedFiles).map((name) => shortened(name, 200));
  const more = files.length - named.length;
  const list = `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const offer = (given: Parameters<typeof replayFiles.offer>[0]): void => {
    replayFiles.offer(given).then(
      (taken) =>
        taken ||
        store.notices.add("error", `Expected ${list || "a model’s folder"}, found none of it in what was chosen`),
      (error) => store.notices.error(error),
    );
  };
  return (
    <section class="notice information" aria-label="Local files of this run">
      <div>
        {files.length > 0 && (
          <p>
            <b>This run’s pictures are in {files.length === 1 ? "a local file" : `${files.length} local files`}:</b>{" "}
            drop <span class="mono">{list}</span>
            {files.some((name) => /\.(jsonl|ndjson|csv)$/i.test(name)) && ", with the pictures beside it,"} here. They
            are compared with the log, and do not leave this machine.
          </p>
        )}
        {model !== null && (
          <p>
            {files.length > 0 ? "The texts" : <b>The texts of this run’s tokens are in a local model:</b>}
            {files.length > 0 && " of its tokens are in the local model "}
            {files.length === 0 && " drop the folder "}
            <span class="mono">{shortened(model, 200)}</span>
            {files.length > 0 ? "; drop its folder as well." : " here. Its weights are not read."}
          </p>
        )}
        <p class="buttons">
          <FileChooser label="Files…" onFiles={offer} />
          <FileChooser folder label="A folder…" onFiles={offer} />
          <span class="soft small">
            {replayFiles.checking.value ? "comparing with the log…" : untilThen(files.length > 0, model !== null)}
          </span>
        </p>
        {replayFiles.problem.value !== null && (
          <p class="problem small" role="alert">
            {replayFiles.problem.value}.
          </p>
        )}
      </div>
    </section>
  );
}

/** What is shown before they are given. */
function untilThen(pictures: boolean, texts: boolean): string {
  if (!texts) return "Until then all but pictures is shown.";
  return pictures
    ? "Until then tokens are shown by their ids, and no pictures."
    : "Until then tokens are shown by their ids.";
}

/** A link means a file, and cannot open it. */
function WantedFile({ wanted: { name, from } }: { wanted: WantedLog }) {
  const { control } = usePage();
  return (
    <div class="needs">
      <section class="notice information" aria-label="The file that was looked at">
        <span>
          {from === "file" ? (
            <>
              <b>{shortened(name, 200)} was opened from a file,</b> which a page cannot open by itself: open it again,
              or drop it here, to go on at the same place.
            </>
          ) : (
            <>
              <b>The run {shortened(name, 200)} is not in this browser.</b> It is kept in the one that made it, where
              Runs saves its log as a file: open that file, or drop it here, to see what the link leads to.
            </>
          )}
        </span>
        <FileChooser label="Open the file…" one onFiles={([first]) => first && void control.openFile(first.file)} />
      </section>
    </div>
  );
}
