import type { Inspection } from "../../data/inspection.ts";
import { count } from "../labels/numbers.ts";
import { useData } from "./data_context.ts";
import { waysOfPictures } from "./picture_ways.ts";

/** What a source holds and what would become of it, as far as it has been looked through. */
export function SourceSummary() {
  const data = useData();
  const source = data.chosen;
  const looked = data.looked.value.get(data.source.value);
  if (!looked) return null;
  const { rows, of, found, headersOnly, rowSettings } = looked;
  const changed = rowSettings !== data.rowSettings.value;
  const whole = found !== null && found.rows >= source.rows;
  return (
    <div class="card">
      <h2>
        <b>Summary</b>{" "}
        {found === null
          ? "looking…"
          : whole
            ? `all ${count(source.rows)} rows`
            : `${count(found.rows)} of ${count(source.rows)} rows`}
      </h2>
      {found === null && (
        <>
          <progress max={of} value={rows} aria-label="Rows looked at" />
          <p class="cap num">
            {count(rows)} of {count(of)} rows{" "}
            <button type="button" class="link" onClick={() => void data.stop()}>
              Stop
            </button>
          </p>
        </>
      )}
      {found && <Found found={found} />}
      {found && (
        <p class="cap">
          {headersOnly
            ? "Of pictures only the headers were read: damage behind one is found when its row is."
            : "Every picture was decoded."}
          {changed && " Settings have changed since."}
        </p>
      )}
      {!headersOnly && <Ways />}
      {found && (
        <p class="buttons after">
          {!whole && (
            <button type="button" onClick={() => void data.look({ all: true })}>
              Look at all {count(source.rows)} rows
            </button>
          )}
          {changed && (
            <button type="button" onClick={() => void data.look({ all: of === source.rows })}>
              Look again
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function Found({ found }: { found: Inspection }) {
  const left = found.rows - found.kept;
  const skipped = [...found.skipped];
  const changed = [...found.changed];
  return (
    <>
      <table class="kv facts">
        <tbody>
          <tr class="sum">
            <td>kept</td>
            <td>
              {count(found.kept)} of {count(found.rows)}
            </td>
          </tr>
          <Fact name="data_source" text={listed(found.dataSources)} />
          <Fact name="env_name" text={listed(found.environments)} />
          <Fact name="pictures a row" text={listed(found.picturesPerRow)} />
          <Fact name="formats" text={listed(found.formats)} />
          <Fact name="short side, px" text={spread(found.sidesPx.map(({ short }) => short))} />
          <Fact name="long side, px" text={spread(found.sidesPx.map(({ long }) => long))} />
          <Fact name="megapixels" text={spread(found.megapixels)} />
          <Fact name="image tokens" text={spread(found.imageTokens)} />
          <Fact name="prompt tokens" text={found.countsPrompts ? spread(found.promptTokens) : "not counted"} />
        </tbody>
      </table>
      <h3>
        Left out <span class="num">{left === 0 ? "none" : left === 1 ? "1 row" : `${count(left)} rows`}</span>
      </h3>
      {skipped.length > 0 && (
        <ul class="reasons small">
          {skipped.map(([kind, { rows, examples }]) => (
            <li key={kind}>
              <b>{kind}</b> <span class="num">{count(rows)}</span>
              <ul>
                {examples.map((example) => (
                  <li key={example} class="soft">
                    {example}
                  </li>
                ))}
                {rows > examples.length && <li class="soft">and {count(rows - examples.length)} more</li>}
              </ul>
            </li>
          ))}
        </ul>
      )}
      <h3>
        Changed <span class="num">{changed.length === 0 ? "none" : "pictures of kept rows"}</span>
      </h3>
      {changed.length > 0 && (
        <ul class="reasons small">
          {changed.map(([change, pictures]) => (
            <li key={change}>
              {change} <span class="num">{count(pictures)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** What decoded the pictures, and why. */
function Ways() {
  const ways = useData().pictureWays.value;
  if (!ways) return null;
  const { line, facts } = waysOfPictures(ways);
  if (facts.length === 0) return <p class="cap">{line}.</p>;
  return (
    <details class="ways small">
      <summary>
        <span class="soft">{line}</span>
      </summary>
      <table class="kv facts">
        <tbody>
          {facts.map(({ name, text }) => (
            <Fact key={name} name={name} text={text} />
          ))}
        </tbody>
      </table>
    </details>
  );
}

const Fact = ({ name, text }: { name: string; text: string }) => (
  <tr>
    <td>{name}</td>
    <td>{text}</td>
  </tr>
);

/** "vstar 10, chart 3", most first. */
const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, rows]) => `${name} ${count(rows)}`)
    .join(", ") || "none";

/** "224 to 1,280, median 640" */
function spread(values: readonly number[]): string {
  if (values.length === 0) return "none";
  const sorted = [...values].sort((a, b) => a - b);
  const shown = (value: number) => (Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(3))));
  const [least, most, median] = [sorted[0]!, sorted.at(-1)!, sorted[sorted.length >> 1]!].map(shown);
  return least === most ? least! : `${least} to ${most}, median ${median}`;
}
