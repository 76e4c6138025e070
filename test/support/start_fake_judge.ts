/**
 * An OpenAI-compatible judge on loopback that fails three questions in ten, each time in another way, and answers the
 * others with a verdict in every judge's form: `npx deno run -A test/support/start_fake_judge.ts [PORT]`
 */
import { failingThreeInTen, openFakeJudge } from "./fake_judge.ts";

/** Right for about half of the answers, by their text, so that the same answer gets the same verdict. */
function verdict({ body }: { body: { messages: { content: string }[] } }): string {
  const text = body.messages.map(({ content }) => content).join("");
  const right = [...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 2 === 0;
  if (text.includes('"CORRECT"')) return right ? "CORRECT" : "INCORRECT";
  if (text.includes("Equivalence Judgement")) return `## Equivalence Judgement\n${right ? "TRUE" : "FALSE"}`;
  if (text.includes("Judgement:")) return `Judgement: ${right ? 1 : 0}`;
  return `{"verdict": ${right ? 1 : 0}}`;
}

const fake = await openFakeJudge({ behave: failingThreeInTen(verdict), cors: true, port: Number(Deno.args[0] ?? 0) });
console.log(`A judge that fails three times in ten is at ${fake.url}; Ctrl-C ends`);
Deno.addSignalListener("SIGINT", async () => {
  console.log(`${fake.questions.length} questions, at most ${fake.mostOpen} at once`);
  await fake.close();
  Deno.exit(0);
});
