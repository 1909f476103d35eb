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
 * Answers warm `jit credentials`, `jit exec` and `jit status` by itself: what is run dozens of times a minute must not wait. This is
 * CommonJS, for Node begins with it sooner than with a module.
 * @returns the exit code
 */
async function start(argv) {
  const [command = ""] = argv;
  const files = process.getBuiltinModule("fs");
  if (command === "credentials") {
    const { exports: hot, keep } = loadHot("warm", command);
    const { env, platform } = process;
    const answer = hot.answerWarm(argv, { env, platform, uid: process.getuid?.(), now: Date.now(), files });
    if (answer !== undefined) {
      try {
        files.writeSync(1, answer);
        keep();
        return 0;
      } catch {
        // A pipe that is full, closed or broken: the whole program knows what to do about each.
      }
    }
  }
  if (command === "exec") {
    const { exports: hot, keep } = loadHot("warm-exec", command);
    const code = await hot.execWarm(argv);
    if (code !== undefined) {
      keep();
      // At once: all is written, and Node's own taking apart of what ran the command is a thirtieth of this call.
      process.exit(code);
    }
  }
  if (command === "status") {
    const { exports: hot, keep } = loadHot("warm-status", command);
    const said = await hot.statusWarm(argv);
    if (said !== undefined) {
      try {
        files.writeSync(1, said);
        keep();
        return 0;
      } catch {
        // As above.
      }
    }
  }
  const { exports: program, keep } = loadHot("cli", command);
  const code = await program.main(argv);
  if (code === 0) keep();
  return code;
}

/**
 * A file of dist with what V8 compiled of it the last time that this command ran: a twenty-fifth of a warm call, and a quarter of a
 * cold request.
 * @returns what it exports, and what keeps its compiled code for the next time, and that of `ask`, to be called when all is done
 */
function loadHot(name, command) {
  const fs = process.getBuiltinModule("fs");
  const { Script } = process.getBuiltinModule("vm");
  const filename = `${__dirname}/../dist/${name}.cjs`;
  const text = fs.readFileSync(filename, "latin1");
  // The build writes it: V8 itself compares the lengths of texts alone.
  const digest = text.slice(2, 34);
  const word = /^[a-z-]{1,20}$/.test(command) ? command : "other";
  const place = `${name}-${word}-${process.version}-${process.arch}`;
  let cachedData;
  try {
    const bytes = fs.readFileSync(`${codeFolder(fs)}/${place}`);
    if (bytes.latin1Slice(0, digest.length) === digest) cachedData = bytes.subarray(digest.length);
  } catch {
    // Only slower.
  }
  const script = new Script(text, { filename, cachedData });
  const exports = {};
  // What asking AWS takes is a file beside the program's, loaded as it is; all else are modules.
  let ask;
  const load = async (path) => {
    if (path !== "./ask.js") return await importPart(path, fs);
    ask ??= loadHot("ask", command);
    return ask.exports;
  };
  load.resolve = (path) => process.getBuiltinModule("url").pathToFileURL(require.resolve(path)).href;
  script.runInThisContext()(exports, load);
  const keep = () => {
    ask?.keep();
    if (cachedData !== undefined && script.cachedDataRejected !== true) return;
    try {
      const folder = codeFolder(fs, true);
      const temporary = `${folder}/${place}.${process.pid}`;
      const file = fs.openSync(temporary, "wx", 0o600);
      try {
        fs.writeFileSync(file, Buffer.concat([Buffer.from(digest, "latin1"), script.createCachedData()]));
        // V8 would take a torn one at its word.
        fs.fsyncSync(file);
      } finally {
        fs.closeSync(file);
      }
      fs.renameSync(temporary, `${folder}/${place}`);
    } catch {
      // As above.
    }
  };
  return { exports, keep };
}

/** A module of dist, or a package. Node keeps the compiled code of those: beginning with it takes 2 ms. */
function importPart(path, fs) {
  const module = process.getBuiltinModule("module");
  try {
    if (module.getCompileCacheDir() === undefined) module.enableCompileCache(codeFolder(fs, true));
  } catch {
    // Only slower.
  }
  return import(path.startsWith("./") ? `../dist/${path}` : path);
}

/**
 * What lies in that folder is executed: so only one that is ours and that nobody else can write to.
 * @throws where there is none such
 */
function codeFolder(fs, make = false) {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const cache = XDG_CACHE_HOME?.startsWith("/") ? XDG_CACHE_HOME : HOME?.startsWith("/") && `${HOME}/.cache`;
  if (!cache || !process.getuid) throw new Error("no folder for compiled code");
  const folder = `${cache}/jit/code`;
  for (const one of make ? [cache, `${cache}/jit`, folder] : []) {
    try {
      fs.mkdirSync(one, { mode: 0o700 });
    } catch {
      // It is there, or it will show.
    }
  }
  const stats = fs.lstatSync(folder);
  if (!stats.isDirectory() || stats.uid !== process.getuid() || (stats.mode & 0o022) !== 0)
    throw new Error("the folder for compiled code is not ours alone");
  return folder;
}
