import { commandName } from "./command_table.ts";

/** Variables of the environment that the command line reads; a test compares them with the code. */
export const environmentVariables: readonly (readonly [name: string, meaning: string])[] = [
  [
    "SACCADE_GPU",
    "dawn or deno: which implementation of WebGPU is used; unset: Dawn where it finds a GPU, else Deno's own",
  ],
  ["SACCADE_JUDGE_KEY", "key of the judge at --judge-url; it is sent to that address alone and written nowhere"],
  ["HF_TOKEN", "token of the Hub, for models and data sets that need one; it is sent to the Hub alone"],
  ["HF_ENDPOINT", "address of a mirror in the place of the Hub, https://huggingface.co"],
  [
    "XDG_CACHE_HOME",
    "where the choice of the fastest kernels is kept, in saccade; unset: ~/.cache, on Windows %LOCALAPPDATA%",
  ],
  ["HOME", "where ~/.cache is"],
  ["LOCALAPPDATA", "the same on Windows"],
  ["XDG_RUNTIME_DIR", "set to /tmp on Linux where it is unset: Mesa's software driver prints warnings without it"],
  [
    "VK_LOADER_DRIVERS_DISABLE",
    "of the Vulkan loader; set to *swiftshader* where it is unset and another software driver is faster",
  ],
];

/** Beside those: one that a person names. */
export const namedVariable = `--policy-key-env VAR names the variable with the key of the server at --policy-url (${commandName} eval --help)`;
