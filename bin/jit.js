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
  // Whatever else is typed must not leave files behind.
  if (code === 0 && program.isKnown(command)) keep();
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
  // Which text it is the build writes into it, and what was changed since has another time: V8 compares the lengths of texts alone.
  const of = `${text.slice(2, 34)} ${fs.statSync(filename).mtimeMs}`.padEnd(64);
  const place = `${name}-${/^[a-z-]{1,20}$/.test(command) ? command : "other"}-${process.version}-${process.arch}`;
  const cachedData = readCode(place, of, fs);
  const script = new Script(text, { filename, cachedData });
  const exports = {};
  // What asking AWS takes is a file beside the program's, loaded as it is; all else are modules.
  let ask;
  const load = async (path) => {
    if (path !== "./ask.js") return await importPart(path, fs);
    ask ??= loadHot("ask", command);
    return ask.exports;
  };
  script.runInThisContext()(exports, load);
  const keep = () => {
    ask?.keep();
    if (cachedData === undefined || script.cachedDataRejected === true) keepCode(place, of, script, fs);
  };
  return { exports, keep };
}

/**
 * V8 takes code with a wrong bit at its word, and crashes; so it is there twice, which is compared in no time: a sum takes as long as
 * the code saves.
 * @returns compiled code that is ours and whole, else `undefined`
 */
function readCode(place, of, fs) {
  let file;
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    file = fs.openSync(`${codeFolder()}/${place}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    mustBeOurs(fs.fstatSync(file));
    const bytes = fs.readFileSync(file);
    const [begin, length] = [of.length, (bytes.length - of.length) / 2];
    const data = bytes.subarray(begin, begin + length);
    const isWhole = data.equals(bytes.subarray(begin + length)) && bytes.latin1Slice(0, begin) === of;
    return isWhole ? data : undefined;
  } catch {
    // Only slower.
    return undefined;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/** Never throws: all is answered, and must not be answered again. */
function keepCode(place, of, script, fs) {
  let temporary;
  try {
    const folder = makeCodeFolder(fs);
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = fs.constants;
    temporary = `${folder}/.${place}.${process.pid}`;
    const file = fs.openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    try {
      const data = script.createCachedData();
      fs.writeFileSync(file, Buffer.concat([Buffer.from(of, "latin1"), data, data]));
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(temporary, `${folder}/${place}`);
  } catch {
    try {
      if (temporary !== undefined) fs.unlinkSync(temporary);
    } catch {
      // It was not made.
    }
  }
}

/** What is executed is what nobody else can have written. @throws where it is not */
function mustBeOurs({ uid, mode }) {
  if (uid !== process.getuid() || (mode & 0o022) !== 0) throw new Error("not ours alone");
}

/** A module of dist, or a package. Node keeps the compiled code of those: beginning with it takes 2 ms. */
function importPart(path, fs) {
  const module = process.getBuiltinModule("module");
  try {
    if (module.getCompileCacheDir() === undefined) module.enableCompileCache(makeCodeFolder(fs));
  } catch {
    // Only slower.
  }
  return import(path.startsWith("./") ? `../dist/${path}` : path);
}

/** Where compiled code is kept. @throws where there is no such place */
function codeFolder() {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const cache = XDG_CACHE_HOME?.startsWith("/") ? XDG_CACHE_HOME : HOME?.startsWith("/") && `${HOME}/.cache`;
  if (!cache || !process.getuid) throw new Error("no folder for compiled code");
  return `${cache}/jit/code`;
}

/** Makes it, though not in another's home: who runs this by `sudo` would shut out whose home that is. @throws where it is not ours */
function makeCodeFolder(fs) {
  const folder = codeFolder();
  const [jit, cache] = [folder.slice(0, -"/code".length), folder.slice(0, -"/jit/code".length)];
  const { uid } = fs.statSync(process.env.XDG_CACHE_HOME === cache ? cache : process.env.HOME);
  if (uid !== process.getuid()) throw new Error("another's home");
  for (const one of [cache, jit, folder]) {
    try {
      fs.mkdirSync(one, { mode: 0o700 });
    } catch {
      // It is there, or it will show.
    }
  }
  const stats = fs.lstatSync(folder);
  if (!stats.isDirectory()) throw new Error("no folder");
  mustBeOurs(stats);
  return folder;
}
