/**
 * Why hydra would read an override as another value than its text, or refuse it; null where it reads the text itself
 * (hydra 1.3, grammar of overrides).
 */
export function hydraProblem(value: string): string | null {
  if (value.includes("${")) return `it is worked out from other settings (\${ })`;
  if (value.includes("\\")) return "a backslash is read by hydra again";
  if (/^\s*[A-Za-z_]\w*\(.*\)\s*$/s.test(value)) return "it is a function of hydra";
  if (/^\s*[-+]?0[\dxob]/i.test(value) || /^\s*(yes|no|on|off)\s*$/i.test(value)) return "hydra takes it for a text";
  let depth = 0;
  let quote = "";
  for (const letter of value) {
    if (quote !== "") {
      if (letter === quote) quote = "";
    } else if (letter === "'" || letter === '"') quote = letter;
    else if ("[{(".includes(letter)) depth++;
    else if ("]})".includes(letter)) depth--;
    else if (letter === "," && depth === 0) return "several values without brackets are one run each for hydra";
  }
  if (quote !== "" || depth !== 0) return "its quotes or brackets are not closed";
  if (/^\s*\[/.test(value) && /'[^']*,[^']*'|"[^"]*,[^"]*"/.test(value.replace(/'\s*,\s*'|"\s*,\s*"/g, "")))
    return "a name with a comma in it is not followed";
  if (/^\s*\{/.test(value)) return "it is a section, not one value";
  if (
    /^\s*\[/.test(value) &&
    /[[{]/.test(
      value
        .trim()
        .slice(1)
        .replace(/'[^']*'|"[^"]*"/g, ""),
    )
  )
    return "lists within lists are not followed";
  return null;
}

/** A value without the quotes that hydra removes around a whole text. */
export const hydraText = (value: string): string => {
  const text = value.trim();
  return /^(['"])(.*)\1$/s.exec(text)?.[2] ?? text;
};

/** A text as hydra reads it back: in quotes where some of its characters have a meaning. */
export function hydraWritten(text: string): string {
  if (/^[\w./:@%+-]*$/.test(text) && hydraProblem(text) === null) return text;
  const quote = text.includes("'") ? '"' : "'";
  return quote + text + quote;
}
