/** Where a judge's key is taken from: an argument would stand in the list of processes and in the shell's history. */
export const keyVariable = "SACCADE_JUDGE_KEY";
