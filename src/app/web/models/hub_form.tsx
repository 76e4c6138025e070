import { useId, useState } from "preact/hooks";
import { hubPageAddress, hubPath, isCommit, readHubPath } from "../../network/hub_path.ts";
import { count, shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { RememberRow } from "../widgets/remember_row.tsx";
import { useModels } from "./model_context.ts";
import { gigabytes } from "./sizes.ts";

/** Any model of the Hub by its name, and the token that it may ask for. */
export function HubForm() {
  const models = useModels();
  const id = useId();
  const [name, setName] = useState("");
  return (
    <section aria-label="Another model of the Hub">
      <h3>Another model of the Hub</h3>
      <form
        class="look"
        onSubmit={(event) => {
          event.preventDefault();
          void models.look(name.includes("@") ? name.trim() : `${name.trim()}@main`);
        }}
      >
        <label for={id}>owner/name, and @ a branch, tag or commit</label>
        <input
          id={id}
          class="text"
          spellcheck={false}
          autocomplete="off"
          placeholder="Qwen/Qwen2.5-VL-3B-Instruct@main"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" disabled={name.trim() === "" || models.asking.value}>
          {models.asking.value ? "Asking…" : "Look"}
        </button>
      </form>
      <TokenField />
      {models.problem.value && (
        <p class="problem small" role="alert">
          {shortened(models.problem.value, 800)}
        </p>
      )}
      <Found />
    </section>
  );
}

function Found() {
  const { control } = usePage();
  const models = useModels();
  const [problem, setProblem] = useState<string | null>(null);
  const found = models.found.value;
  if (!found) return null;
  const { model, about } = found;
  const place = readHubPath(hubPath(model, "models")!);
  const pinned = isCommit(about.commit) ? `${place.repository}@${about.commit}` : model;
  const weights = about.files.filter(({ path }) => /^[^/]*\.safetensors$/.test(path));
  const bytes = weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const isFetching = models.fetch.value?.state === "fetching";
  return (
    <div class="found" role="status">
      <table class="kv" aria-label={`What the Hub says of ${place.repository}`}>
        <tbody>
          <tr>
            <td>model</td>
            <td>{shortened(place.repository, 200)}</td>
          </tr>
          <tr>
            <td>{shortened(place.revision, 60)} is commit</td>
            <td>{about.commit || "not said"}</td>
          </tr>
          <tr>
            <td>licence</td>
            <td>{about.licence === null ? "its card names none" : shortened(about.licence, 100)}</td>
          </tr>
          <tr>
            <td>terms</td>
            <td>{about.gated ? `to be accepted at ${hubPageAddress(place)}` : "open to everyone"}</td>
          </tr>
          <tr>
            <td>weights</td>
            <td>
              {count(weights.length)} {weights.length === 1 ? "file" : "files"}, {gigabytes(bytes)}
            </td>
          </tr>
        </tbody>
      </table>
      <p class="buttons after">
        <button
          type="button"
          class="go"
          onClick={() => setProblem(models.use(pinned, (key, value) => control.setKnob(key, value)))}
        >
          Use this commit
        </button>
        <button
          type="button"
          disabled={isFetching || weights.length === 0}
          onClick={() => void models.fetchWeights(pinned)}
        >
          Fetch its weights now
        </button>
      </p>
      {problem && (
        <p class="problem small" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

/** A password field: the token is not a setting, and stands in no address, log or export. */
function TokenField() {
  const models = useModels();
  const id = useId();
  const isEmpty = models.token.value === "";
  return (
    <details class="hub-token" open={!isEmpty}>
      <summary>A token of the Hub</summary>
      <div class="row wide">
        <label for={id}>token, for private and gated models</label>
        <input
          id={id}
          type="password"
          class="text"
          autocomplete="off"
          spellcheck={false}
          placeholder="hf_…"
          aria-describedby={`${id}-line`}
          value={models.token.value}
          onChange={(event) => void models.setToken(event.currentTarget.value.trim())}
        />
      </div>
      <p id={`${id}-line`} class="soft small">
        Sent to huggingface.co alone, and {models.remembered.value ? "kept in this browser" : "gone with this page"}.
        One that may only read is enough.
      </p>
      {!isEmpty && <RememberRow remembered={models.remembered.value} onRemember={(on) => models.remember(on)} />}
    </details>
  );
}
