/** More than a message itself says. `of` are texts in the code, each the beginning of a message or all of it. */
export interface Advice {
  title: string;
  of: readonly string[];
  help: string;
}

/** What people meet first, in that order. */
export const advice: readonly Advice[] = [
  {
    title: "The page finds no GPU",
    of: [
      "WebGPU is switched off because this page came over plain http",
      "This browser has no WebGPU",
      "WebGPU found no graphics adapter",
    ],
    help: "The page says which of three it is. *Plain http*: browsers offer WebGPU on `https` and on `localhost` only; `http://192.168.0.5:8080` is neither, so forward the port (`ssh -L 8080:localhost:8080 HOST`) and open `localhost`. *No WebGPU*: the browser is too old, or it is switched off; [support.md](support.md) says which version has it where, and by which setting. *No adapter*: the browser knows WebGPU and found no graphics card it trusts; `chrome://gpu` or `about:support` says why. Without any of it a recorded run can be watched.",
  },
  {
    title: "The command line finds no GPU",
    of: ["No GPU found, neither by Dawn", "Dawn finds no GPU"],
    help: "On Linux a Vulkan driver is missing, or the container does not see the card: `vulkaninfo --summary` must name it (NVIDIA containers need the capability `graphics` beside `compute`). `apt-get install mesa-vulkan-drivers` brings a software driver, with which everything works slowly. `npm run saccade -- compile` says what each implementation of WebGPU finds.",
  },
  {
    title: "The GPU has too little memory",
    of: ["The GPU has no memory for", "… needs …, this device allows … in a buffer"],
    help: "`train ... --dry-run --gpu-memory GIB` estimates the memory of a run before it begins and names what to change. In the order of what it costs: `--tasks-per-roll` (fewer groups at once, same result), `--max-pixels` (fewer image tokens), `--lora-rank 16` (no gradients and moments of all weights), `--base-dtype int8` or `int4` (rounded), fewer `--rollouts-per-task`, shorter `--response-tokens`.",
  },
  {
    title: "The GPU was lost",
    of: ["The GPU device was lost"],
    help: "The driver restarted, the machine slept, or another program took the card; some browsers also give up a tab in the background. The page offers to go on from the last checkpoint; on the command line use `train --resume FOLDER`. If it comes back at once, one kernel takes too long for the driver: lower `--tasks-per-roll` or `--max-pixels`.",
  },
  {
    title: "A folder cannot be used",
    of: [
      "… holds a run already",
      "Expected an empty or new folder",
      "Another process (… on …) is writing the run in …",
      "Expected a run in …",
    ],
    help: "No command overwrites anything. Without `--out`, `train` and `warmup` take the next free folder below `runs`. A lock whose process is gone is taken over by itself; one of another machine, as on a network disk, must be removed by hand.",
  },
  {
    title: "A run does not go on",
    of: [
      "… cannot change in a run that has begun",
      "The run in … has made … steps of … already",
      "The checkpoint in … is damaged, and there is no whole one before it",
      "The run was made with the code …, which is run only where you name it",
    ],
    help: "`--resume` takes the settings from the run's `config.json`; only what may change on the way can be given beside it, such as `--steps`. Files of data and models must be the same bytes as at the beginning, since the same run must follow from them. Of a damaged checkpoint the one before is taken, and the log is cut back to it; what was cut off is kept in `events.cut.jsonl`.",
  },
  {
    title: "Nothing is learned",
    of: ["All rollouts of every task have the same reward", "No rollout of this step has a reward"],
    help: "GRPO compares the rollouts of one task: where all are paid alike, the advantages are 0. Look at a group under *Step*. All wrong: the tasks are too hard for the model (smaller pictures, easier questions, a model that was warmed up). All right: harder tasks. All the same text: raise `--temperature` to 1. No reward at all: the judge failed; `judge test` says why.",
  },
  {
    title: "The model stops zooming",
    of: ["Zooming is dying out"],
    help: "The crop costs tokens and a turn, and is given up where answers are as often right without it. `--bonus conditional` pays for a zoom before a right answer; tasks that cannot be answered without one (small objects in large pictures) do the same by themselves. `eval --causal` says whether the crop was worth anything.",
  },
  {
    title: "Rollouts end before they answer",
    of: ["Every rollout ran out of tokens or turns before it answered"],
    help: "Raise `--response-tokens`, `--first-turn-tokens`, `--next-turn-tokens` or `--max-tool-calls`. If the text repeats itself until the limit, the model and its prompt do not fit: a published checkpoint needs `--prompt verl` or `deepeyes` and its own tokenizer.",
  },
  {
    title: "The run became unstable",
    of: [
      "The gradient is not a number",
      "…… …; stop, and go on from the last checkpoint with a lower learning rate",
      "The entropy has collapsed",
    ],
    help: "Lower `--learning-rate` (by 3, then by 10), raise `--tasks-per-step`, or hold the policy near its start with `--kl-loss-coef 0.001`. A collapsed entropy is kept up by `--entropy-coef`. Go on from the checkpoint before it happened: `train --resume` on a copy of the folder.",
  },
  {
    title: "The judge or the server does not answer",
    of: [
      "The … at … refuses the key",
      "Expected the address of a judge, found none",
      "The run has asked its … … times, which is all it may",
    ],
    help: "`judge test --judge-url URL` asks one question, says which part failed, and prints a command that starts a server. The address usually ends in `/v1`. The key is read from `SACCADE_JUDGE_KEY`, in the page from its field. A page may only ask a server that lets its origin in (CORS): the message names the flag for vLLM, llama.cpp, Ollama and LM Studio. [own-judge.md](own-judge.md) has more.",
  },
  {
    title: "A model or data set of the Hub cannot be read",
    of: [
      "… is gated (…): accept its terms",
      "… has no revision",
      "… has no … … at revision … (404)",
      "The server of … asks for fewer requests",
    ],
    help: "Write `owner/name@revision`; a commit as revision keeps a run reproducible. For gated and private ones set `HF_TOKEN` (in the page: its field). Behind a mirror set `HF_ENDPOINT`.",
  },
  {
    title: "Rows of my data are left out",
    of: [
      "Expected a picture … beside …, found no such file",
      "…: expected the columns image, question and answer",
      "…: expected the column … in small letters",
    ],
    help: "`data inspect FILE` lists, per source, how many rows are used, changed or left out, and why, before anything is trained; the page's *Data* tab shows the same with each row. [own-data.md](own-data.md) has the layouts. Charts are left out unless `--charts` asks for them.",
  },
  {
    title: "Nothing is held out",
    of: ["The run in … holds no rows out", "Expected rows that are held out of the training, found none"],
    help: "Accuracy on rows that were trained on says nothing about others, so `eval` and `rollout` refuse them. Begin the run with `--held-out-rows N`, or name other rows by `--data`.",
  },
  {
    title: "The browser's storage is full",
    of: ["The browser's storage is full", "The browser refused to store"],
    help: "*Runs* shows what is stored and how much each run takes: remove runs or cached models there, or allow persistent storage. Training goes on meanwhile; only what could not be written is missing after a reload.",
  },
  {
    title: "The browser keeps nothing",
    of: ["This browser keeps nothing for this page", "The browser's storage does not answer"],
    help: "Blocked site data (cookies), some private windows, a full disk or a damaged profile keep a page from storing anything. Models open and train all the same; such a run is in the page alone until it is saved as a file with *Save the run*. Another tab of an older version may hold the storage: close the other tabs of Saccade and reload.",
  },
];
