/*
 * A run may be made with a person's own reward, tasks or tools. Its configuration then has, in the place of a
 * built-in name, the path of their module or what a script called them.
 */

/** A path that is code: it ends in .ts, .mts, .js or .mjs. */
export type ModulePath = `${string}.${"ts" | "mts" | "js" | "mjs"}`;
/** What a script handed over as an object, by the object's name. */
export type FromScript = `script:${string}`;

export const isModulePath = (value: string): value is ModulePath => /\.m?[jt]s$/.test(value);
export const isFromScript = (value: string): value is FromScript => /^script:./.test(value);
export const isOwnCode = (value: string): value is ModulePath | FromScript =>
  isModulePath(value) || isFromScript(value);
export const fromScript = (name: string): FromScript => `script:${name}`;

/** Why a person's own code is missing where a run needs it. @param what  e.g. "the reward" */
export const notLoaded = (what: string, value: string): Error =>
  new Error(
    isFromScript(value)
      ? `Expected ${what} that a script handed over as "${value.slice("script:".length)}", found none; go on with this run in that script`
      : `Expected ${what} in ${value}, found it not loaded; the command line loads such code; a script imports it and hands over what it exports`,
  );
