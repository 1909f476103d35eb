// Verifying a log of JIT_BENCH_RECORDS records from a mirror: against `node:crypto` alone on the same count divided by the
// cores, with libsodium beside it and without, its memory at two sizes, and a second run; and what sealing 10,000 records asks a bucket for. Run by `npm run bench`.
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

import { median } from "./median.js";

const records = Number(process.env.JIT_BENCH_RECORDS ?? 100_000);
const rounds = Number(process.env.JIT_BENCH_ROUNDS ?? (records > 100_000 ? 1 : 3));
const cores = availableParallelism();

if (isMainThread) await main();
else parentPort?.on("message", (count) => parentPort?.postMessage(verifyAlone(count)));

async function main() {
  const home = mkdtempSync(join(tmpdir(), "jit-bench-audit-"));
  try {
    const [small, large] = [records / 10, records].map((count) =>
      generated(join(home, String(count)), count),
    );
    console.log(`\nVerifying ${records} records from a mirror, ${cores} cores; medians of ${rounds}`);
    const meter = join(home, "meter.mjs");
    // What a process used, threads included, written to descriptor 3 when it ends.
    writeFileSync(
      meter,
      `import { isMainThread } from "node:worker_threads";
       if (isMainThread) process.on("exit", () => process.getBuiltinModule("fs").writeSync(3, JSON.stringify(process.resourceUsage())));`,
    );
    const keep = join(home, "checkpoint");
    const first = ["--keep", keep];
    // Elsewhere there is no `sodium-native` to be found.
    const bare = join(home, "bare");
    for (const part of ["bin", "dist", "package.json"])
      cpSync(resolve(import.meta.dirname, "..", part), join(bare, part), { recursive: true });
    // Others share the machine: each is compared with what was measured right before and right after it.
    const [alone, stages, wholes, bares] = [[await cryptoAlone(records)], [], [], []];
    for (let round = 0; round < rounds; round += 1) {
      stages.push(await checkStage(large.folder, fingerprintOf(large)));
      wholes.push(verifyMirror(large, home, meter, first));
      bares.push(verifyMirror(large, home, meter, [], bare));
      alone.push(await cryptoAlone(records));
    }
    tell("node:crypto alone", alone);
    tell("open and check records", stages, alone);
    tell("audit verify", wholes, alone);
    tell("without sodium-native", bares, alone);
    const again = [1, 2, 3].map(() => verifyMirror(large, home, meter, ["--since", keep]).ms);
    const part = (median(again) / median(wholes.map(({ ms }) => ms))) * 100;
    console.log(`  ${"a second run".padEnd(26)} ${part.toFixed(2)} % of the first, goal 1 %`);
    const little = verifyMirror(small, home, meter, []);
    const most = Math.max(...wholes.map(({ peak }) => peak));
    const peaks = [little.peak, most].map((peak) => `${peak.toFixed(0)} MiB`).join(" and ");
    console.log(
      `  ${"peak memory".padEnd(26)} ${peaks} at ${records / 10} and ${records} records, goal 512 MiB`,
    );
    await sealing();
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Made by a process of its own: what is forked from a large one is told to be as large. */
function generated(folder, count) {
  const script = join(import.meta.dirname, "generate-log.js");
  const { status, stdout } = spawnSync(process.execPath, [script, folder, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`generate-log ended with ${status}`);
  return { folder, ...JSON.parse(stdout) };
}

/** @param against measured before the first of these, between them, and after the last */
function tell(name, measured, against) {
  const of = (figure) => median(measured.map((one) => one[figure]));
  const figures = `${(of("ms") / 1000).toFixed(2)} s, ${(of("cpuMs") / 1000).toFixed(2)} s of processors`;
  const ratio = (figure) =>
    median(
      measured.map((one, at) => one[figure] / ((against[at][figure] + against[at + 1][figure]) / 2)),
    ).toFixed(2);
  const ratios =
    against === undefined ? "" : `${ratio("ms")} (by processor time ${ratio("cpuMs")}), goal 1.3; `;
  console.log(`  ${name.padEnd(26)} ${ratios}${figures}`);
}

/** As many signatures over as many bytes, a thread for each core, and nothing else. */
async function cryptoAlone(count) {
  const threads = Array.from({ length: cores }, () => new Worker(new URL(import.meta.url)));
  const all = (each) =>
    Promise.all(
      threads.map((thread) => {
        thread.postMessage(each);
        return new Promise((done) => thread.once("message", done));
      }),
    );
  await all(100);
  const measured = await measure(() => all(Math.ceil(count / cores)));
  await Promise.all(threads.map((thread) => thread.terminate()));
  return measured;
}

function verifyAlone(count) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const message = Buffer.alloc(1400, "a");
  const signature = sign(null, message, privateKey);
  for (let i = 0; i < count; i += 1) verify(null, message, publicKey, signature);
  return count;
}

/** Opens every record strictly and checks its signature on all cores, as `audit verify` does; nothing is judged. */
async function checkStage(folder, log) {
  const { openCheckPool } = await import("../src/local/check-pool.ts");
  const { openMirror } = await import("../src/audit/mirror/open.ts");
  const { mirrorFolder } = await import("../src/local/mirror-folder.ts");
  const { readEnvelope } = await import("../src/audit/envelope.ts");
  const { readKey } = await import("../src/audit/key.ts");
  const store = openMirror(mirrorFolder(resolve(folder)));
  const pool = openCheckPool(log);
  const writers = new Map();
  const underWay = [];
  const take = async () => {
    if ((await underWay.shift()).includes(undefined)) throw new Error("a generated record is not good");
  };
  const measured = await measure(async () => {
    let batch = [];
    for await (const { key: name, versionId } of store.listVersions("v1/rec/")) {
      const bytes = await store.readVersion(name, versionId);
      const { thumbprint, type } = readKey(name);
      if (type === "enrol") {
        const { record } = readEnvelope(bytes);
        writers.set(thumbprint, { jwk: record.key, thumbprint, by: record.by });
      } else batch.push({ bytes, writer: writers.get(thumbprint) });
      if (batch.length < 256) continue;
      underWay.push(pool.check(batch));
      batch = [];
      while (underWay.length >= pool.parallel) await take();
    }
    underWay.push(pool.check(batch));
    while (underWay.length > 0) await take();
  });
  await pool.close();
  return measured;
}

function verifyMirror(
  { folder, organization },
  home,
  meter,
  flags,
  jit = resolve(import.meta.dirname, ".."),
) {
  const binary = join(jit, "bin/jit.js");
  const began = process.hrtime.bigint();
  const done = spawnSync(
    process.execPath,
    ["--import", meter, binary, "audit", "verify", "--mirror", folder, ...flags],
    {
      env: { PATH: process.env.PATH, HOME: home, NO_COLOR: "1", JIT_ORGANIZATION: organization },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      encoding: "utf8",
    },
  );
  const ms = Number(process.hrtime.bigint() - began) / 1e6;
  if (done.status !== 0)
    throw new Error(`audit verify ended with ${done.status}: ${done.stdout}${done.stderr}`);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(String(done.output[3]));
  return { ms, cpuMs: (userCPUTime + systemCPUTime) / 1000, peak: maxRSS / 1024 };
}

async function measure(work) {
  const [began, before] = [process.hrtime.bigint(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: Number(process.hrtime.bigint() - began) / 1e6, cpuMs: (user + system) / 1000 };
}

/** What a bucket is asked for by one run that finds 10,000 new records; test/audit/tree/seal-cost.test.ts holds it to that. */
async function sealing() {
  const { MemoryRecordStore } = await import("../test/support/memory-record-store.ts");
  const { CountedStore, fillNames } = await import("../test/support/counted-store.ts");
  const { sealPorts } = await import("../test/audit/tree/sealing.ts");
  const { seal } = await import("../src/audit/tree/seal.ts");
  const { StandingClock } = await import("../test/audit/writer.ts");
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  fillNames(store, 0, 10_000, "20261124T08", clock.now());
  const counted = new CountedStore(store);
  await seal(sealPorts(counted.store, clock));
  const gets = [...counted.gets].filter(([key]) => key.startsWith("v1/rec/"));
  const most = Math.max(...counted.puts.values());
  console.log("\nSealing 10,000 new records in one run");
  console.log(`  ${"LISTs".padEnd(26)} ${counted.lists} for ${counted.listed} objects, goal 1 for 1,000`);
  console.log(
    `  ${"GETs".padEnd(26)} ${gets.length}, each record ${Math.max(...gets.map(([, count]) => count))} time`,
  );
  console.log(`  ${"PUTs".padEnd(26)} ${counted.puts.size}, no object more than ${most} time`);
}

function fingerprintOf({ organization }) {
  return organization.split("#")[1];
}
