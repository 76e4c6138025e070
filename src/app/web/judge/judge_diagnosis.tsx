import type { ConnectionState, Diagnosis } from "../../../reward/connection/diagnosis.ts";
import { judgeServers } from "../../../reward/connection/servers.ts";
import { namedModels } from "../../../reward/judges/votes.ts";
import { usePage } from "../run/page_context.ts";
import { CopyButton } from "../widgets/copy_button.tsx";
import { useJudge } from "./judge_context.ts";

const titles: Record<ConnectionState, string> = {
  ready: "Ready",
  no_answer: "No answer",
  cors: "Blocked by CORS",
  local_network: "Local network not allowed",
  unauthorized: "Key refused (401)",
  no_model: "No such model (404)",
  no_json_schema: "No json_schema",
  slow: "Slow",
  not_a_judge: "Not a judge",
};

/** What a test of the connection came to, and how to start a server. */
export function JudgeDiagnosis() {
  const judge = useJudge();
  const tested = judge.tested.value;
  const found = tested?.answer ?? null;
  return (
    <>
      <div role="status">
        {judge.testing.value && <p class="soft small after">asking for its models and one verdict…</p>}
        {found && <Found found={found} stale={tested!.of !== judge.asked.value} />}
      </div>
      <Servers open={found !== null && !found.usable} />
    </>
  );
}

function Found({ found, stale }: { found: Diagnosis; stale: boolean }) {
  const { control, store } = usePage();
  const { state, message, usable, models } = found;
  const chosen = namedModels(store.config.value.judgeModel);
  const toggle = (model: string) =>
    chosen.includes(model)
      ? chosen.filter((other) => other !== model)
      : // A name that the server does not have goes.
        [...chosen.filter((other) => models.includes(other)), model];
  const level = state === "ready" ? "good" : usable ? "fair" : "bad";
  return (
    <div class={`diagnosis ${level}`} data-state={state}>
      <p>
        <b>{titles[state]}</b>
        {level === "fair" && <span class="soft small"> · can be used</span>}
        {stale && <span class="soft small"> · of other settings</span>}
      </p>
      <p class="small">{message}</p>
      {models.length > 1 && (
        <>
          <p class="cap">Its models. One judges; several vote.</p>
          <p class="what">
            {models.slice(0, 8).map((model) => (
              <button
                key={model}
                type="button"
                class="mono"
                aria-pressed={chosen.includes(model)}
                onClick={() => control.setKnob("judgeModel", toggle(model).join(","))}
              >
                {model}
              </button>
            ))}
            {models.length > 8 && <span class="soft small">and {models.length - 8} more</span>}
          </p>
        </>
      )}
    </div>
  );
}

/** Start commands, each with the address that it leads to. */
function Servers({ open }: { open: boolean }) {
  const { control, store } = usePage();
  return (
    <details class="servers" open={open}>
      <summary>Start a judge on this machine</summary>
      <ul>
        {judgeServers(location.origin).map(({ name, url, command, note }) => (
          <li key={name}>
            <p>
              <b>{name}</b> <span class="soft small">{note}</span>
            </p>
            <pre class="mono">{command}</pre>
            <p class="buttons">
              <CopyButton text={command} label={`Copy the start command of ${name}`} />
              <button
                type="button"
                aria-label={`Use ${url.replace("http://", "")}, the address of ${name}`}
                disabled={store.config.value.judgeUrl === url}
                onClick={() => control.setKnob("judgeUrl", url)}
              >
                Use {url.replace("http://", "")}
              </button>
            </p>
          </li>
        ))}
      </ul>
    </details>
  );
}
