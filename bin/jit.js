#!/usr/bin/env node
// Kept to what old Nodes can parse, so that they can say what is wrong in one line.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(`jit: needs Node.js 22.13 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 125;
} else {
  // Node's own code for a program that waits for what never comes: that is no success.
  process.exitCode = 13;
  start(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}

/**
 * Answers warm `jit credentials` and `jit exec` by itself: what is run dozens of times a minute must not wait. This is CommonJS,
 * for Node begins with it sooner than with a module.
 * @returns the exit code
 */
async function start(argv) {
  if (argv[0] === "credentials") {
    const { answerWarm } = require("../dist/warm.cjs");
    const files = process.getBuiltinModule("fs");
    const { env, platform } = process;
    const answer = answerWarm(argv, { env, platform, uid: process.getuid?.(), now: Date.now(), files });
    if (answer !== undefined) {
      try {
        files.writeSync(1, answer);
        return 0;
      } catch {
        // A pipe that is full, closed or broken: the whole program knows what to do about each.
      }
    }
  }
  if (argv[0] === "exec") {
    const { execWarm } = require("../dist/warm-exec.cjs");
    const code = await execWarm(argv);
    if (code !== undefined) {
      // At once: all is written, and Node's own taking apart of what ran the command is a thirtieth of this call.
      process.exit(code);
    }
  }
  if (argv[0] === "status") {
    const { statusWarm } = await import("../dist/warm-status.js");
    const said = await statusWarm(argv);
    if (said !== undefined) {
      try {
        process.getBuiltinModule("fs").writeSync(1, said);
        return 0;
      } catch {
        // As above.
      }
    }
  }
  // It costs 2 ms to begin with, which what loads little does not get back.
  if (!["status", "config", "help", "--help", "-h", "--version", "-V"].includes(argv[0])) {
    keepCompiledCode(process.env, process.getBuiltinModule("fs"));
  }
  const { main } = await import("../dist/cli.js");
  return await main(argv);
}

/**
 * Has V8's compiled code kept, which is a tenth of a cold request. What lies in that folder is executed: so only in one
 * that is ours and that nobody else can write to.
 */
function keepCompiledCode(env, fs) {
  const cache = env.XDG_CACHE_HOME?.startsWith("/")
    ? env.XDG_CACHE_HOME
    : env.HOME?.startsWith("/") && `${env.HOME}/.cache`;
  if (!cache || !process.getuid) return;
  const folder = `${cache}/jit/code`;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = fs.lstatSync(folder);
    if (!stats.isDirectory() || stats.uid !== process.getuid() || (stats.mode & 0o022) !== 0) return;
    process.getBuiltinModule("module").enableCompileCache(folder);
  } catch {
    // Only slower.
  }
}
