// `npm run bench`: whole processes against an empty Node script in the same run, as ratios of medians over interleaved runs;
// AWS calls and sequential round trips of a request; rates of the policy evaluator and compiler. No figure here is asserted.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { sandboxCatalog } from "../src/cli/sandbox-catalog.ts";
import { median } from "./median.js";

const rules = `groups:
  support:
    principals: ["arn:aws:iam::111122223333:user/alice"]
rules: |
  @id("support-asks")
  permit(principal in Group::"support", action == Action::"request", resource in Store::"customers");
  @id("read-needs-nobody")
  permit(principal in Group::"support", action == Action::"autoApprove", resource == Access::"customers:read");
  @id("no-weekends")
  forbid(principal, action, resource) when { context.weekday == "none" };
`;
const binary = resolve(import.meta.dirname, "../bin/jit.js");
const runs = Number(process.env.JIT_BENCH_RUNS ?? 21);
const home = mkdtempSync(join(tmpdir(), "jit-bench-"));
const base = { PATH: process.env.PATH, HOME: home, NO_COLOR: "1" };
const empty = join(home, "empty.mjs");
writeFileSync(empty, "");
// Both sides write their own peak memory to descriptor 3 when they end.
const meter = join(home, "meter.mjs");
writeFileSync(
  meter,
  `process.on("exit", () => { try { process.getBuiltinModule("fs").writeSync(3, String(process.resourceUsage().maxRSS)); } catch {} });`,
);

const sandbox = spawn(process.execPath, [binary, "sandbox", "--port", "0", "--json"], {
  env: base,
  stdio: ["ignore", "pipe", "inherit"],
});
await new Promise((ready, broken) => {
  sandbox.stdout.on("data", (text) => String(text).includes('"organization"') && ready());
  sandbox.on("exit", (code) => broken(new Error(`the sandbox ended with ${code}`)));
});

try {
  const alice = {
    ...base,
    ...JSON.parse(
      spawnSync(process.execPath, [binary, "sandbox", "--env", "alice", "--json"], {
        env: base,
        encoding: "utf8",
      }).stdout,
    ),
  };
  const state = JSON.parse(readFileSync(join(home, ".local/state/jit/sandbox.json"), "utf8"));
  const control = async (method, path, body) =>
    await (
      await fetch(`${state.url}/_sandbox/${path}`, {
        method,
        headers: { "x-sandbox-token": state.controlToken },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    ).json();
  const ask = ["--purpose", "support", "--reason", "Measuring how long a request takes"];
  must([binary, "request", "customers:read", "--for", "1h", ...ask], alice);

  console.log(
    `Node ${process.versions.node}, ${runs} interleaved runs each; ratio to an empty script: median (minimum to maximum of pairs)\n`,
  );
  await ratio("warm credentials", [binary, "credentials", "customers:read"], alice, 1.1);
  await ratio("exec -- true, warm", [binary, "exec", "customers:read", "--", "/bin/true"], alice, 1.35, {
    settle: 400,
  });
  await ratio("--help", [binary, "--help"], alice, 1.35);
  await ratio("--version", [binary, "--version"], alice, 1.35);
  await ratio("status", [binary, "status"], alice, 1.35);
  // Cold: identity and catalog are known, and no session is there.
  const noSession = () => rmSync(join(home, ".cache/jit/sessions"), { recursive: true, force: true });
  const cold = [binary, "request", "customers:read", "--for", "1h", ...ask];
  await ratio("cold request, loopback", cold, alice, 6, { before: noSession });

  const ruled = join(home, "jit.yaml");
  writeFileSync(ruled, `${sandboxCatalog}${rules}`);
  const withRules = { ...alice, JIT_ORGANIZATION: `${ruled}#unsigned` };
  await ratio("the same with rules", cold, withRules, 8.5, { before: noSession });

  console.log("\nAWS calls of a request");
  const known = [
    "GetCallerIdentity",
    "GetWebIdentityToken",
    "GetObject",
    "ListObjectsV2",
    "PutObject",
    "AssumeRole",
  ];
  noSession();
  await trips("identity, catalog and checkpoint known", ["request", "customers:read", ...ask]);
  const organizations = join(home, ".local/state/jit/organizations");
  rmSync(join(home, ".cache/jit"), { recursive: true, force: true });
  for (const name of readdirSync(organizations, { recursive: true })) {
    if (!name.endsWith(".json")) continue;
    const file = join(organizations, name);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), checkedAt: 0 }));
  }
  await trips("known, but not checked for five minutes", ["request", "customers:read", ...ask]);
  rmSync(join(home, ".cache/jit"), { recursive: true, force: true });
  rmSync(organizations, { recursive: true, force: true });
  await trips("the first of a machine, its key aside", ["request", "customers:read", ...ask]);

  rmSync(join(home, ".cache/jit"), { recursive: true, force: true });
  await control("DELETE", "calls");
  const many = Array.from({ length: 50 }, () =>
    run([binary, "credentials", "customers:read"], {
      ...alice,
      JIT_REASON: "Fifty at once, as SDKs do it",
      JIT_PURPOSE: "support",
    }),
  );
  const codes = (await Promise.all(many)).filter((code) => code !== 0);
  const calls = await control("GET", "calls");
  const count = (action) => calls.filter((call) => call.action === action).length;
  console.log(
    `  50 cold \`jit credentials\` at once: ${count("AssumeRole")} AssumeRole, ${calls.filter((call) => call.action === "PutObject" && call.resource.endsWith(".request.jws")).length} request record, ${codes.length} failed`,
  );

  async function trips(name, args) {
    await control("DELETE", "calls");
    // Far enough apart that what is asked at the same time overlaps.
    for (const action of new Set(known))
      await control("POST", "faults", { action, kind: "latency", ms: 150 });
    must([binary, ...args], alice);
    await control("DELETE", "faults");
    const log = await control("GET", "calls");
    console.log(
      `  ${name}: ${log.length} calls, ${depth(log)} in sequence (${log.map((call) => call.action).join(", ")})`,
    );
  }
} finally {
  sandbox.kill("SIGTERM");
  rmSync(home, { recursive: true, force: true });
}

console.log("\nIn one process");
spawnSync(process.execPath, [resolve(import.meta.dirname, "bench-policy.js")], { stdio: "inherit" });

console.log("\nThe audit log of a day");
spawnSync(process.execPath, [resolve(import.meta.dirname, "bench-log.js")], { stdio: "inherit" });
spawnSync(process.execPath, [resolve(import.meta.dirname, "bench-audit.js")], { stdio: "inherit" });

/** The longest chain of calls of which each began after the one before had ended. */
function depth(calls) {
  let end = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const call of calls.toSorted((a, b) => a.end - b.end)) {
    if (call.start < end) continue;
    count += 1;
    end = call.end;
  }
  return count;
}

function must(args, env) {
  const done = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${args.slice(1).join(" ")}: ${done.stderr}`);
}

function run(args, env) {
  return new Promise((done) => spawn(process.execPath, args, { env, stdio: "ignore" }).on("close", done));
}

function timed(args, env) {
  const began = process.hrtime.bigint();
  const done = spawnSync(process.execPath, args, { env, stdio: ["ignore", "ignore", "ignore"] });
  if (done.status !== 0) throw new Error(`${args.join(" ")} ended with ${done.status}`);
  return Number(process.hrtime.bigint() - began) / 1e6;
}

function memory(args, env) {
  const done = spawnSync(process.execPath, ["--import", meter, ...args], {
    env,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  return Number(String(done.output[3])) / 1024;
}

async function ratio(name, args, env, goal, { settle = 0, before = () => {} } = {}) {
  for (let warm = 0; warm < 2; warm += 1) {
    timed([empty], env);
    before();
    timed(args, env);
  }
  const pairs = [];
  for (let run = 0; run < runs; run += 1) {
    const none = timed([empty], env);
    before();
    pairs.push({ none, own: timed(args, env) });
    // What a command leaves to a process of its own must not slow the next one down.
    if (settle > 0) await new Promise((done) => setTimeout(done, settle));
  }
  const ratios = pairs.map(({ none, own }) => own / none).sort((a, b) => a - b);
  const middle = median(pairs.map(({ own }) => own)) / median(pairs.map(({ none }) => none));
  const more =
    median(
      Array.from({ length: 5 }, () => {
        before();
        return memory(args, env);
      }),
    ) - median(Array.from({ length: 5 }, () => memory([empty], env)));
  console.log(
    `  ${name.padEnd(26)} ${middle.toFixed(2)} (${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)}), goal ${goal}; memory ${more >= 0 ? "+" : ""}${more.toFixed(1)} MiB`,
  );
}
