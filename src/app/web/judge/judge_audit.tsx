import type { AuditRates } from "../../../reward/judges/audit.ts";
import type { AuditReport } from "../../worker_api/judge_api.ts";
import { count } from "../labels/numbers.ts";
import { useJudge } from "./judge_context.ts";

/** How often the judge is wrong about answers that are known, before anything is trained on its verdicts. */
export function JudgeAudit() {
  const judge = useJudge();
  const auditing = judge.auditing.value;
  const audited = judge.audited.value;
  if (auditing) {
    return (
      <div class="after">
        <progress max={auditing.of} value={auditing.done} aria-label="Verdicts of the audit" />
        <p class="cap num">
          {count(auditing.done)} of {count(auditing.of)} verdicts
        </p>
      </div>
    );
  }
  if (!audited) return null;
  return <Report report={audited.answer} stale={audited.of !== judge.asked.value} />;
}

function Report({ report: { judge, audit, counts }, stale }: { report: AuditReport; stale: boolean }) {
  const { whole, alone, mistakes, lastFailure } = audit;
  return (
    <div class="audit after" role="status">
      <p>
        <b>Audit of {judge}</b>
        {stale && <span class="soft small"> · of other settings</span>}
      </p>
      <table class="grid">
        <caption class="hidden">Error rates on answers that are known to be right or wrong</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">wrong, approved</th>
            <th scope="col">right, refused</th>
            <th scope="col">no verdict</th>
          </tr>
        </thead>
        <tbody>
          <Rates name="as a run judges" rates={whole} />
          <Rates name="the model alone" rates={alone} />
        </tbody>
      </table>
      <p class="cap num">
        {count(counts.byRule)} by rule, {count(counts.refused)} kept from the judge, {count(counts.byJudge)} judged;{" "}
        {count(counts.connection.calls)} requests
        {counts.connection.tokens.counted > 0 &&
          `, ${count(counts.connection.tokens.promptTokens)} + ${count(counts.connection.tokens.replyTokens)} tokens`}
        {counts.connection.tokens.cost > 0 && `, cost ${Number(counts.connection.tokens.cost.toPrecision(3))}`}
        {counts.voted > 0 && `; votes differ on ${count(counts.split)} of ${count(counts.voted)}`}.
      </p>
      {lastFailure !== null && <p class="problem small">{lastFailure}</p>}
      {mistakes.length > 0 && (
        <details class="table">
          <summary>{mistakes.length === 1 ? "1 mistake" : `${count(mistakes.length)} mistakes`}</summary>
          <ul class="reasons small">
            {mistakes.map(({ question, goldAnswer, answer, right, by }, i) => (
              <li key={`${i} ${answer}`}>
                <b>{right ? "refused" : "approved"}</b> “{answer}”{" "}
                <span class="soft">
                  for “{goldAnswer}”, asked “{question}” ({by})
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

const Rates = ({ name, rates }: { name: string; rates: AuditRates }) => (
  <tr>
    <th scope="row">{name}</th>
    <td>
      <Share part={rates.falsePositives} all={rates.wrong} rate={rates.falsePositiveRate} />
    </td>
    <td>
      <Share part={rates.falseNegatives} all={rates.right} rate={rates.falseNegativeRate} />
    </td>
    <td class="num">{count(rates.failed)}</td>
  </tr>
);

function Share({ part, all, rate }: { part: number; all: number; rate: number | null }) {
  if (rate === null) return <span class="soft">–</span>;
  return (
    <span class="num">
      <b>{(100 * rate).toFixed(0)} %</b>{" "}
      <span class="soft small">
        {part} of {all}
      </span>
    </span>
  );
}
