/** What a word of the page means. */
export interface Meaning {
  /** As a heading of the list of words. */
  name: string;
  /** One or two sentences. */
  says: string;
  /** Where it comes from. */
  link?: { label: string; href: string };
}

const meaning = (name: string, says: string, link?: Meaning["link"]): Meaning =>
  link ? { name, says, link } : { name, says };

const deepEyesPaper = { label: "DeepEyes, arXiv 2505.14362", href: "https://arxiv.org/abs/2505.14362" };
const grpoPaper = { label: "DeepSeekMath, arXiv 2402.03300", href: "https://arxiv.org/abs/2402.03300" };

/** The words of the page that are not everyday English. `<Term of="...">` shows them where they are used. */
export const glossary = {
  deepeyes: meaning(
    "DeepEyes",
    "The paper whose method this page re-creates: a vision-language model learns by reward alone to zoom into its picture while it thinks.",
    deepEyesPaper,
  ),
  grpo: meaning(
    "GRPO",
    "Group Relative Policy Optimization. The model tries each task several times; attempts that were paid more than the mean of their group become likelier, the others less likely. It needs no model that predicts rewards.",
    grpoPaper,
  ),
  verl: meaning(
    "verl",
    "An open-source library for reinforcement learning of language models. DeepEyes was trained with it, and this page understands its settings and names.",
    { label: "verl's repository", href: "https://github.com/volcengine/verl" },
  ),
  trl: meaning(
    "TRL",
    "Hugging Face's library for training language models by reinforcement learning, with a GRPO trainer of its own.",
    {
      label: "TRL's documentation",
      href: "https://huggingface.co/docs/trl",
    },
  ),
  model: meaning(
    "Model",
    "What reads the picture and the question and writes the answer. The shipped ones have 1.4 million weights and the architecture of Qwen3-VL.",
  ),
  policy: meaning(
    "Policy",
    "The model as reinforcement learning sees it: for each place in a text, a probability for every token that may come next.",
  ),
  task: meaning("Task", "One picture with a question and its right answer."),
  rollout: meaning(
    "Rollout",
    "One attempt of the model at a task: its words, its calls of the zoom tool, the crops that it got back, and its answer.",
  ),
  group: meaning(
    "Group",
    "All rollouts of the same task in a step. They are compared with each other, so a group whose rewards are all equal teaches nothing.",
  ),
  advantage: meaning(
    "Advantage",
    "How much better a rollout was paid than the mean of its group, divided by the group's deviation where “norm adv by std” is on. Above 0 its tokens become likelier, below 0 less likely.",
  ),
  reward: meaning(
    "Reward",
    "The number that a rollout is paid: for a right answer, for keeping the format, and for a zoom, each with its own weight.",
  ),
  bonus: meaning(
    "Bonus",
    "What is paid for a zoom. Conditional: only where the answer is right, as in DeepEyes; unconditional: for every zoom.",
  ),
  accuracy: meaning("Accuracy", "Share of a step's judged rollouts whose answer was right."),
  zoomRate: meaning("Zoom rate", "Share of a step's rollouts in which at least one zoom was carried out."),
  step: meaning("Step", "One round of learning: roll out all tasks, judge and reward the answers, update the weights."),
  turn: meaning(
    "Turn",
    "What the model writes in one go. It ends with a call of a tool, whose result begins the next turn, or with the answer.",
  ),
  tool: meaning(
    "Tool",
    "What the model may call while it answers: image_zoom_in_tool takes a box and returns that part of the picture, enlarged.",
  ),
  crop: meaning("Crop", "The part of the picture that a zoom returns, cut from the original with all of its pixels."),
  box: meaning(
    "Box",
    "A rectangle in the picture. Solid with a number: where the model zoomed; dashed: the gold box, where the answer is.",
  ),
  goldBox: meaning(
    "Gold box",
    "Where in the picture the answer is. It is known for generated scenes. The model is never shown it, and is paid for it only by a reward that says so, such as ToolsRL.",
  ),
  iou: meaning(
    "IoU",
    "Intersection over union of the model's box and the gold box: 1 where they are the same, 0 where they do not touch.",
  ),
  token: meaning(
    "Token",
    "A piece of text, often part of a word, and the unit in which the model reads and writes. A picture becomes tokens as well.",
  ),
  logprob: meaning(
    "Log-probability",
    "Natural logarithm of the probability that the model gave a token: 0 is certain, −2.3 is one in ten.",
  ),
  entropy: meaning(
    "Entropy",
    "How undecided the model is at a token, in nats: 0 where it is certain, higher where many tokens are likely. Falling too fast, it stops exploring.",
  ),
  temperature: meaning(
    "Temperature",
    "Divides the model's scores before a token is drawn: below 1 it is more certain, above 1 more daring, 0 always takes the likeliest token.",
  ),
  greedy: meaning("Greedy", "Always the likeliest token, instead of one drawn by its probability."),
  learningRate: meaning("Learning rate", "How far one update moves the weights."),
  loss: meaning(
    "Loss",
    "What the optimizer lowers. In GRPO its value says little about success, since its target moves at every step; its gradient is what matters.",
  ),
  kl: meaning(
    "KL",
    "How far the model has moved from the weights it began with, measured by their probabilities for the same tokens (Kullback-Leibler divergence).",
  ),
  ratio: meaning(
    "Ratio",
    "Probability of a token under the weights in training, divided by that under the weights that wrote it. It is 1 before the first update of a step.",
  ),
  clip: meaning(
    "Clip",
    "A token whose ratio leaves the clip range adds no gradient, so that one step cannot move the model too far. The clip fraction is the share of such tokens.",
  ),
  gradNorm: meaning(
    "Gradient norm",
    "Length of the gradient before it is clipped. Sudden peaks are a sign of trouble.",
  ),
  zeroVariance: meaning(
    "Zero-variance group",
    "A group whose rewards are all equal: every advantage is 0, so nothing is learned from it.",
  ),
  drift: meaning(
    "Ratio drift",
    "Largest distance from 1 of the ratio before the first update. Exactly 0 means that training computes the same numbers as sampling.",
  ),
  stopReason: meaning(
    "Stop reason",
    "Why a rollout ended: an answer, a malformed turn, no tokens left, no turns left, or an error.",
  ),
  truncated: meaning("Truncated", "Cut off because the tokens that were allowed are used up, without an answer."),
  format: meaning(
    "Format broken",
    "A rollout without a well-formed answer at its end, or with a call that cannot be read.",
  ),
  judge: meaning(
    "Judge",
    "Decides whether an answer is right: rules that compare it with the known answer, or a language model behind an address of yours.",
  ),
  evaluation: meaning(
    "Evaluation",
    "Rollouts on tasks that are never trained on (held-out), without an update: dots in the curves.",
  ),
  checkpoint: meaning(
    "Checkpoint",
    "Weights, optimizer and position of a run as stored; a run goes on from its last checkpoint with the same bits.",
  ),
  preset: meaning("Preset", "A named set of settings; single ones can be changed after it is chosen."),
  seed: meaning(
    "Seed",
    "The number that all random choices come from: the same seed and settings give the same run on the same device.",
  ),
  needle: meaning(
    "Needle",
    "Scenes with one small digit that cannot be read without a zoom: the model must learn to look before it answers.",
  ),
  story: meaning(
    "Story",
    "Scenes whose digit can often be read at first sight: here zooming may die out, as DeepEyes reports without its bonus.",
  ),
  lora: meaning(
    "LoRA",
    "Two small matrices beside each large one of a model; only these are trained, and the model itself stays as it is.",
  ),
  warmup: meaning(
    "Warm-up",
    "Supervised lessons before the reinforcement learning: from random weights to a model that can write an answer and a call.",
  ),
  causal: meaning(
    "Worth of the tool",
    "The same tasks answered with the crop and without it: only then is it known that a zoom helped, and not just happened.",
  ),
  branch: meaning(
    "Branch",
    "A rollout's own tokens up to a place, something that you put behind them, and how the model goes on from there. Never trained on.",
  ),
  attention: meaning(
    "Attention",
    "How much of each earlier token or part of the picture goes into the next token, by layer and head. It shows where a model looks, not why.",
  ),
  webgpu: meaning(
    "WebGPU",
    "The browser's way to compute on the graphics card. Everything here runs on it, in this tab.",
  ),
  hub: meaning("Hub", "Hugging Face's server for models and data sets. It is asked only for what you name."),
} as const satisfies Record<string, Meaning>;

export type Word = keyof typeof glossary;
