#!/usr/bin/env node
"use strict";
// Starts the program of this platform, which npm has installed as an optional dependency, and ends as it ends. Nothing is
// downloaded here.
const { spawn } = require("node:child_process");

const INCOMPLETE = 3; // what could not be scanned is never called clean

const name = `@skant-dev/skant-${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "skant.exe" : "skant";

let program;
try {
  program = require.resolve(`${name}/${file}`);
} catch {
  console.error(`skant: the package ${name} is not installed`);
  console.error("hint: install without --omit=optional; there are packages for linux, darwin and win32 on x64 and arm64.");
  process.exit(INCOMPLETE);
}
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// A terminal sends its interrupt to both, and the program decides how to end: this process waits for it. What is sent to this
// process alone is handed on.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => {
  console.error(`skant: start ${program}: ${error.message}`);
  process.exit(INCOMPLETE);
});
child.on("exit", (code) => process.exit(code ?? INCOMPLETE));
