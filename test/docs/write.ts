/** `npm run docs`: writes the documents that follow from the code. `test/docs_written.test.ts` fails where they were not written anew. */
import { writeFileSync } from "node:fs";
import { root, writtenDocuments } from "./written.ts";

for (const [path, text] of Object.entries(writtenDocuments())) {
  writeFileSync(root + path, text);
  console.log(`${path}: ${text.length.toLocaleString("en")} characters`);
}
