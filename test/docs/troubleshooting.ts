import { type Advice, advice } from "./advice.ts";
import { type Message, messagesOf } from "./messages.ts";

/** Where a person may meet messages, by the files that have them; the first that matches counts. */
const areas: readonly (readonly [title: string, files: RegExp])[] = [
  ["The command line", /^app\/deno\/(command_line|commands|cli)/],
  [
    "Run folders, logs and checkpoints",
    /^app\/(deno\/storage|run\/)|^train\/(checkpoint|trainer_state|\w*schema|value_readers)|^interop\/logs\//,
  ],
  ["Alarms of a run", /^train\/alarms/],
  ["The GPU", /^app\/(deno\/(platform|gpu)|web\/browser\/gpu_support|kernels|memory)|^gpu\/gpu\.ts/],
  ["The page", /^app\/(web|worker_api|rollout_page|serve)|^agent\/branch/],
  [
    "Models, tokenizers and adapters",
    /^model\/(?!pattern|segments|positions|vision_rows|text_|cache)|^policy\/(tokenizer|template|chat|split)|^app\/(model_folder|session)|^train\/(adapter|export|warmup)/,
  ],
  ["Settings", /^train\/(config|knob|own_code)/],
  ["Data, pictures and benchmarks", /^(tasks|image)\/|^app\/(data|benchmarks)/],
  ["Judges, rewards and servers", /^(reward|connection)\/|^app\/judge|^policy\/elsewhere|^agent\/rollouts_elsewhere/],
  ["The Hub and addresses", /^app\/network/],
  ["Settings and scripts of verl and TRL", /^interop\//],
  ["Tools, and the library", /^agent\/tools|^app\/library/],
  ["Patterns in files of models (regular expressions)", /^model\/pattern/],
  ["Measurements", /^app\/(bench|trace)/],
];
/** What a person should not meet. */
const internal = "Inside the engine";

/** docs/troubleshooting.md. @throws Error where advice stands beside no message */
export function troubleshooting(source: string): string {
  const messages = messagesOf(source);
  const texts = new Set(messages.map(({ text }) => text));
  const stale = advice.flatMap(({ of }) => of.filter((start) => ![...texts].some((text) => text.startsWith(start))));
  if (stale.length > 0)
    throw new Error(`test/docs/advice.ts has advice for messages that are gone: ${stale.join(" | ")}`);
  return [
    "# Troubleshooting, by message",
    "",
    "<!-- Written by `npm run docs` from the messages in the code and test/docs/advice.ts; change those. -->",
    "",
    "Every message is one sentence: what was expected, what was found, what to do. Below is first what people meet most, with more",
    "to say; then all messages by where they come from. Search for some words of yours; … stands for what is filled in.",
    "What is not here has no message, and is worth reporting.",
    "",
    ...advice.flatMap((one) => adviceLines(one, texts)),
    "## All messages",
    "",
    ...areas.flatMap(([title]) => areaLines(title, messages)),
    ...areaLines(internal, messages),
  ].join("\n");
}

const areaOf = ({ file }: Message): string => areas.find(([, files]) => files.test(file))?.[0] ?? internal;

function adviceLines({ title, of, help }: Advice, texts: ReadonlySet<string>): string[] {
  const meant = [...texts].filter((text) => of.some((start) => text.startsWith(start)));
  return [`## ${title}`, "", ...meant.map((text) => `- ${code(text)}`), "", help, ""];
}

function areaLines(title: string, messages: readonly Message[]): string[] {
  const own = [...new Set(messages.filter((message) => areaOf(message) === title).map(({ text }) => text))];
  if (own.length === 0) return [];
  const note =
    title === internal
      ? [
          "Checks of shapes, buffers and limits. Who meets one has found a mistake of ours, or writes an op: please report it.",
          "",
        ]
      : [];
  return [`### ${title}`, "", ...note, ...own.map((text) => `- ${code(text)}`), ""];
}

/** As Markdown shows it letter for letter. */
const code = (text: string): string => (text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``);
