// `jit audit log --since 24h` of a day with JIT_BENCH_RECORDS records, with nothing kept and with a warm index, as ratios to an
// empty Node script; and how much of it is the sandbox's. Run by `npm run bench`.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fillLog } from "./fill-log.js";
import { median } from "./median.js";

const records = Number(process.env.JIT_BENCH_RECORDS ?? 3000);
const runs = Number(process.env.JIT_BENCH_RUNS ?? 5);
const binary = resolve(import.meta.dirname, "../bin/jit.js");
const home = mkdtempSync(join(tmpdir(), "jit-bench-log-"));
const directory = join(home, "sandbox");
const base = { PATH: process.env.PATH, HOME: home, NO_COLOR: "1" };
const empty = join(home, "empty.mjs");
writeFileSync(empty, "");

// On a busy machine processor time says more than the clock.
const meter = join(home, "meter.mjs");
writeFileSync(
  meter,
  `process.on("exit", () => { const { user, system } = process.threadCpuUsage(); process.getBuiltinModule("fs").writeSync(3, String(user + system)); });`,
);

const processes = [];
try {
  const first = await startSandbox();
  const stopped = new Promise((done) => first.process.once("close", done));
  first.process.kill("SIGTERM");
  await stopped;
  const log = first.organization.split("#")[1];
  const until = Date.now();
  const requests = await fillLog({ directory, log, records, until });
  const { process: sandbox } = await startSandbox();
  const auditor = {
    ...base,
    ...JSON.parse(
      spawnSync(process.execPath, [binary, "sandbox", "--env", "auditor", "--json"], {
        env: base,
        encoding: "utf8",
      }).stdout,
    ),
  };
  // The 24 hours that were filled, however long that took.
  const since = `${new Date(until - 86_400_000).toISOString().slice(0, 19)}Z`;
  const command = [binary, "audit", "log", "--since", since];
  const none = median(Array.from({ length: runs }, () => timed([empty], base).ms));
  console.log(`  audit log --since 24h, ${records} records of ${requests} requests`);
  tell("with nothing kept", [timed(command, auditor, requests)]);
  const warm = [];
  for (let run = 0; run < runs; run += 1) {
    const before = cpuMs(sandbox.pid);
    const { ms, own } = timed(command, auditor, requests);
    warm.push({ ms, own, sandbox: before === undefined ? undefined : cpuMs(sandbox.pid) - before });
  }
  tell("with a warm index", warm);

  function tell(name, all) {
    const middle = median(all.map(({ ms }) => ms));
    const theirs = all.flatMap((one) => one.sandbox ?? []);
    const computed = `; its main thread computed for ${median(all.map(({ own }) => own)).toFixed(0)} ms`;
    const part = theirs.length === 0 ? "" : `, the sandbox for ${median(theirs).toFixed(0)} ms`;
    console.log(
      `  ${name.padEnd(26)} ${(middle / none).toFixed(1)} (${middle.toFixed(0)} ms)${computed}${part}`,
    );
  }
} finally {
  for (const one of processes) one.kill("SIGTERM");
  rmSync(home, { recursive: true, force: true });
}

async function startSandbox() {
  const child = spawn(process.execPath, [binary, "sandbox", "--port", "0", "--dir", directory, "--json"], {
    env: base,
    stdio: ["ignore", "pipe", "inherit"],
  });
  processes.push(child);
  let text = "";
  await new Promise((ready, broken) => {
    child.stdout.on("data", (part) => {
      text += part;
      if (text.includes("}")) ready();
    });
    child.on("exit", (code) => broken(new Error(`the sandbox ended with ${code}`)));
  });
  return { process: child, organization: JSON.parse(text).organization };
}

/** @param lines that a run must print, its heading aside; left out: none are looked at */
function timed(args, env, lines) {
  const began = process.hrtime.bigint();
  const done = spawnSync(process.execPath, ["--import", meter, ...args], {
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 30,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const ms = Number(process.hrtime.bigint() - began) / 1e6;
  const printed = done.stdout.split("\n").length - 2;
  if (done.status !== 0 || (lines !== undefined && printed !== lines)) {
    throw new Error(`${args.join(" ")} ended with ${done.status} after ${printed} lines: ${done.stderr}`);
  }
  return { ms, own: Number(done.output[3]) / 1000 };
}

/** Processor time of a process so far, where the system tells it. */
function cpuMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}
