import { useId } from "preact/hooks";
import { judgeNamed } from "../../../reward/judges/table.ts";
import { judgeUse, judgeUseText } from "../../judge/judge_use.ts";
import { usePage } from "../run/page_context.ts";
import { KnobField } from "../widgets/knob_field.tsx";
import { RememberRow } from "../widgets/remember_row.tsx";
import { JudgeAudit } from "./judge_audit.tsx";
import { useJudge } from "./judge_context.ts";
import { JudgeDiagnosis } from "./judge_diagnosis.tsx";

/** Who decides on answers, and whether it can be reached and trusted. */
export function JudgeCard() {
  const { store } = usePage();
  const { judge } = store.config.value;
  const remote = judge !== "rules";
  return (
    <details class="card" open={remote}>
      <summary>
        <b>Judge</b> {remote ? judge : "rules, no network"}
      </summary>
      <KnobField knob="judge" label="who decides" />
      <p class="soft small sentence">{judgeNamed(judge).help}</p>
      {remote && (
        <>
          <JudgeServer />
          <JudgeChecks />
          <JudgeUse />
        </>
      )}
    </details>
  );
}

/** Where it is, and what it may cost. */
export function JudgeServer() {
  return (
    <>
      <KnobField knob="judgeUrl" label="address" placeholder="http://127.0.0.1:18901/v1" />
      <KnobField knob="judgeModel" label="model" placeholder="the first that the server names" />
      <KnobField knob="judgeVotes" label="votes on an answer" />
      <KeyField />
      <KnobField knob="judgeConcurrency" label="questions at once" />
      <KnobField knob="judgeTimeout" label="time limit, s" />
      <KnobField knob="judgeBudget" label="requests at most" />
      <KnobField knob="judgePromptPrice" label="price of 1M prompt tokens" />
      <KnobField knob="judgeReplyPrice" label="price of 1M reply tokens" />
      <KnobField knob="judgeSpend" label="spend at most (0: no limit)" />
    </>
  );
}

/** A password field: the key is not a setting, and stands in no address, log or export. */
function KeyField() {
  const judge = useJudge();
  const id = useId();
  const origin = judge.origin.value;
  return (
    <div class="knob">
      <div class="row wide">
        <label for={id}>key</label>
        <input
          id={id}
          type="password"
          class="text"
          autocomplete="off"
          spellcheck={false}
          disabled={origin === null}
          placeholder={origin === null ? "after the address" : "none"}
          aria-describedby={`${id}-line`}
          value={judge.key}
          onChange={(event) => judge.setKey(event.currentTarget.value.trim())}
        />
      </div>
      <p id={`${id}-line`} class="soft small">
        {origin === null
          ? "A key belongs to the server that it is entered for."
          : `Sent to ${origin} alone, and ${judge.remembered.value ? "kept in this browser" : "gone with this page"}.`}
      </p>
      {origin !== null && <RememberRow remembered={judge.remembered.value} onRemember={(on) => judge.remember(on)} />}
    </div>
  );
}

/** What the run that is shown has asked of its judge so far. */
function JudgeUse() {
  const { store } = usePage();
  const use = judgeUse(store.updates.value.map(({ metrics }) => metrics));
  if (use === null) return null;
  return (
    <p class="cap num" role="status">
      This run: {judgeUseText(use)}.
    </p>
  );
}

function JudgeChecks() {
  const judge = useJudge();
  const noAddress = judge.origin.value === null;
  const auditing = judge.auditing.value;
  return (
    <>
      <p class="buttons after">
        <button
          type="button"
          disabled={noAddress || judge.testing.value || auditing !== null}
          onClick={() => void judge.test()}
        >
          {judge.testing.value ? "Testing…" : "Test connection"}
        </button>
        {auditing ? (
          <button type="button" onClick={() => void judge.stopAudit()}>
            Stop the audit
          </button>
        ) : (
          <button
            type="button"
            disabled={noAddress || judge.testing.value}
            title="Asks about answers that are known to be right or wrong"
            onClick={() => void judge.audit()}
          >
            Audit
          </button>
        )}
      </p>
      {judge.problem.value && (
        <p class="problem small" role="alert">
          {judge.problem.value}
        </p>
      )}
      <JudgeDiagnosis />
      <JudgeAudit />
    </>
  );
}
