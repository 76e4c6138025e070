import { openJudge } from "../../reward/judges/remote_judge.ts";
import { type JudgeName, judgeNamed } from "../../reward/judges/table.ts";
import { type Outcome, same } from "./outcome.ts";

/** A whole reply of a judge's server, and the verdict that it is: 1, 0, or null where no verdict could be had. */
export interface JudgeReplyCase {
  id: string;
  judge: JudgeName;
  /** Of HTTP; 200 where absent. */
  status?: number;
  /** JSON, or the text as the server sent it: a stream, a page of HTML. */
  body: unknown;
  headers?: Record<string, string>;
  want: 1 | 0 | null;
}

/** Asks a judge about an answer on which no rule decides, by a server that gives just this reply. */
export async function judgeReply({
  id,
  judge: name,
  status = 200,
  body,
  headers,
  want,
}: JudgeReplyCase): Promise<Outcome[]> {
  judgeNamed(name);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const judge = openJudge(
    { url: "http://127.0.0.1:9/v1", model: "reply", judge: name, retries: 0, canaryRate: 0 },
    { fetch: async () => new Response(text, { status, headers }) },
  );
  const asked = {
    question: "What is on the table?",
    goldAnswer: "a bowl of cherries",
    answer: "fruit in a dish",
    source: "reply",
  };
  let why = "";
  const verdict = await judge.verdict(asked, undefined, (failed) => {
    why = failed;
  });
  const outcome = same("judge's reply", id, verdict === null ? null : Number(verdict.right), want);
  return [outcome.passed || why === "" ? outcome : { ...outcome, detail: `${outcome.detail} (${why})` }];
}
