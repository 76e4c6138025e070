/**
 * The rows of a CSV file (RFC 4180): fields between commas, quotes around those that hold commas, quotes or line
 * ends, a quote inside doubled. The first line names the columns. Line ends of any kind; a byte order mark is passed
 * over.
 * @throws Error with one sentence that names the line
 */
export function csvRows(text: string, file: string): Record<string, string>[] {
  const records = csvRecords(text.replace(/^\uFEFF/, ""), file);
  const [header, ...rest] = records;
  if (!header) throw new Error(`${file}: expected a first line that names the columns, found an empty file`);
  return rest.map(({ line, fields }) => {
    if (fields.length !== header.fields.length)
      throw new Error(
        `${file}, line ${line}: expected ${header.fields.length} fields as in the first line, found ${fields.length}`,
      );
    return Object.fromEntries(fields.map((field, i) => [header.fields[i]!.trim(), field]));
  });
}

function csvRecords(text: string, file: string): { line: number; fields: string[] }[] {
  const records: { line: number; fields: string[] }[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const record = { line, fields: [] as string[] };
    for (;;) {
      let field = "";
      if (text[at] === '"') {
        const opened = line;
        for (at++; ; at++) {
          if (at >= text.length) throw new Error(`${file}, line ${opened}: a quote is opened and never closed`);
          if (text[at] === "\n") line++;
          if (text[at] !== '"') field += text[at];
          else if (text[at + 1] === '"') {
            field += '"';
            at++;
          } else break;
        }
        at++;
      } else {
        const start = at;
        while (at < text.length && text[at] !== "," && text[at] !== "\n" && text[at] !== "\r") at++;
        field = text.slice(start, at);
      }
      record.fields.push(field);
      if (text[at] !== ",") break;
      at++;
    }
    if (at < text.length && text[at] !== "\n" && text[at] !== "\r")
      throw new Error(`${file}, line ${line}: expected a comma or the end of the line after a quoted field`);
    if (text[at] === "\r" && text[at + 1] === "\n") at++;
    at++;
    line++;
    // An empty line is no row.
    if (record.fields.length > 1 || record.fields[0] !== "") records.push(record);
  }
  return records;
}
