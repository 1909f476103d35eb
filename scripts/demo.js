// The whole story in a terminal, with the real binary against the sandbox: `npm run demo`.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const binary = resolve(import.meta.dirname, "../bin/jit.js");
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
const home = mkdtempSync(join(tmpdir(), "jit-demo-"));
const base = {
  PATH: process.env.PATH,
  HOME: home,
  TERM: process.env.TERM ?? "dumb",
  ...(colour ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }),
};
const began = Date.now();
let failed = 0;

const say = (text) => console.log(text === "" ? "" : paint(2, `# ${text}`));
const title = (text) => console.log(`\n${paint("1;36", text)}`);

/** Shows a command as a person types it, runs it, shows what it prints; `expect` is its exit code. */
function show(typed, args, { env = alice, expect = 0, lines = 14 } = {}) {
  console.log(`${paint(32, "$")} ${typed}`);
  // One pipe for both streams, so that lines come in the order in which they were written.
  const script = 'exec "$@" 2>&1 </dev/null';
  const done = spawnSync("sh", ["-c", script, "sh", process.execPath, ...args], {
    env,
    cwd: home,
    encoding: "utf8",
  });
  const text = done.stdout.trimEnd().split("\n").flatMap(fold);
  for (const line of text.slice(0, lines)) console.log(`  ${line}`);
  if (text.length > lines)
    console.log(paint(2, `  … ${text.length - lines} more ${text.length - lines === 1 ? "line" : "lines"}`));
  if (done.status !== expect) {
    failed += 1;
    console.log(paint(31, `  expected exit code ${expect}, got ${done.status}`));
  } else if (expect !== 0) console.log(paint(2, `  exit code ${done.status}`));
}

/** Long lines are folded, so that the story fits 100 columns. */
function fold(line) {
  if (line.length <= 98) return [line];
  return line.match(/.{1,94}(?:\s|$)|\S{94}/g).map((part, index) => (index === 0 ? part : `    ${part}`));
}

const jit = (line, options) => show(`jit ${line}`, [binary, ...words(line)], options);
/** A small program of ours that reads S3 with whatever credentials it finds: as any script would. */
const read = (target, key) =>
  `${target === "" ? "" : `exec ${target} -- `}${JSON.stringify(process.execPath)} ${JSON.stringify(reader)} ${key}`;

function words(line) {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((match) =>
    match[1] === undefined ? match[2] : JSON.parse(`"${match[1]}"`),
  );
}

// --- the sandbox ------------------------------------------------------------------------------------------------
const sandbox = spawn(process.execPath, [binary, "sandbox", "--port", "0", "--json"], {
  env: base,
  stdio: ["ignore", "pipe", "inherit"],
});
await new Promise((ready, broken) => {
  sandbox.stdout.on("data", (text) => String(text).includes('"organization"') && ready());
  sandbox.on("exit", (code) => broken(new Error(`the sandbox ended with ${code}`)));
});
/** Each on a machine of their own. */
function personOf(name) {
  const args = [binary, "sandbox", "--env", name, "--json"];
  const own = join(home, name);
  mkdirSync(own);
  const { stdout } = spawnSync(process.execPath, args, { env: base, encoding: "utf8" });
  return { ...base, HOME: own, ...JSON.parse(stdout) };
}
const alice = personOf("alice");
const [eve, bob, carol, admin, auditor, witness] = ["eve", "bob", "carol", "admin", "auditor", "witness"].map(
  personOf,
);
/** A machine without network and AWS credentials: nothing but a home. */
const offline = { ...base, HOME: join(home, "offline"), JIT_ORGANIZATION: alice.JIT_ORGANIZATION };
const ci = personOf("ci");
const state = JSON.parse(readFileSync(join(home, ".local/state/jit/sandbox.json"), "utf8"));
const control = (path, body) =>
  fetch(`${state.url}/_sandbox/${path}`, {
    method: "POST",
    headers: { "x-sandbox-token": state.controlToken },
    body: JSON.stringify(body),
  });

// A script as people have them: it knows nothing of jit, and takes the credentials that it finds.
const reader = join(home, "read.mjs");
writeFileSync(
  reader,
  `import { GetObjectCommand, S3Client } from ${JSON.stringify(resolve(import.meta.dirname, "../node_modules/@aws-sdk/client-s3/dist-cjs/index.js"))};
const [bucket, ...key] = process.argv[2].replace("s3://", "").split("/");
const s3 = new S3Client({ forcePathStyle: true, maxAttempts: 1 });
try {
  const reply = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key.join("/") }));
  console.log((await reply.Body.transformToString()).trim().replaceAll("\\n", " "));
} catch (error) {
  console.log(\`\${error.name}: \${error.message}\`);
  process.exitCode = 1;
}
`,
);
const rules = `
rules: |
  @id("everybody-may-ask")
  permit(principal, action == Action::"request", resource);
  @id("no-reports-on-salaries")
  @advice("salaries are not for reports: people@acme has the monthly figures")
  forbid(principal, action == Action::"request", resource in Store::"payroll")
  when { context.claimed.purpose == "reporting" };
  @id("all-else-needs-nobody")
  permit(principal, action == Action::"autoApprove", resource) unless { resource in Store::"payroll" };
  @id("others-agree")
  permit(principal, action == Action::"approve", resource in Store::"payroll");
`;
const profile = "s3://acme-customers/profiles/0007.json";
const list = "s3://acme-customers/lists/customers.csv";

try {
  title("1. The security team says who may have what, and signs it.");
  const catalog = ".local/state/jit/sandbox/jit.yaml";
  const text = readFileSync(join(home, catalog), "utf8").replace(/^version: 1$/m, "version: 2");
  writeFileSync(join(home, catalog), `${text}${rules}`);
  say("Rules in Cedar, at the end of jit.yaml:");
  for (const line of rules.trim().split("\n").slice(1)) console.log(`  ${line}`);
  jit(`rules check ${catalog}`, { env: admin });
  jit(`catalog sign ${catalog} --key .local/state/jit/sandbox/admin.jwk`, { env: admin, lines: 1 });
  jit(`catalog publish ${catalog}`, { env: admin, lines: 1 });

  title("2. What is there to ask for?");
  jit("stores");
  jit("explain customers:read", { lines: 9 });

  title("3. Ask, and say why. The signed record is in the bucket before the credentials exist.");
  jit("request customers:read --for 30m --purpose support", { expect: 2 });
  say("Without a terminal nothing is asked: the error names the flag.");
  jit(
    'request customers:read --for 10m --purpose support --reason "Customer cannot log in, checking the e-mail on file" --ticket SUP-1234',
  );
  jit("status");

  title("4. Use it: what was asked for works, what was not is refused by IAM itself.");
  show(`jit exec customers:read -- read ${profile}`, [binary, ...words(read("customers:read", profile))]);
  say("The same session, another part of the same bucket:");
  show(`jit exec customers:read -- read ${list}`, [binary, ...words(read("customers:read", list))], {
    expect: 1,
  });
  say("And without jit, alice herself can read nothing of it:");
  show(`read ${profile}`, [reader, profile], { expect: 1 });

  title("5. A script that holds only five minutes at a time, and only one action.");
  show(`jit exec --lease 5m --only s3:GetObject customers:read -- read ${profile}`, [
    binary,
    "exec",
    "--lease",
    "5m",
    "--only",
    "s3:GetObject",
    "customers:read",
    "--",
    process.execPath,
    reader,
    profile,
  ]);

  title("6. A pipeline step: no prompt, an identity of its own, the same record.");
  const token = join(home, "ci-token");
  writeFileSync(token, state.ciToken, { mode: 0o600 });
  const step = {
    ...ci,
    AWS_WEB_IDENTITY_TOKEN_FILE: token,
    JIT_REASON: "Nightly report of orders per month",
    JIT_PURPOSE: "reporting",
    JIT_FOR: "15m",
  };
  show(
    "jit exec orders:read -- read s3://acme-orders/orders/2026-01.csv   # in CI",
    [binary, ...words(read("orders:read", "s3://acme-orders/orders/2026-01.csv"))],
    { env: step, lines: 1 },
  );

  title("7. Who may not, gets nothing.");
  jit('request customers:read --purpose support --reason "I would just like to have a look"', {
    env: eve,
    expect: 8,
  });

  title("8. Salaries: a rule says no, two others must agree, and what was given can be taken back.");
  jit('request payroll:read --purpose reporting --reason "What do people here earn on average?"', {
    expect: 3,
  });
  jit('request payroll:read --for 30m --purpose support --reason "Ana says that her salary was paid twice"', {
    expect: 4,
  });
  const asked = answer(["pending", "--json"]).pending[0].request;
  say("Nobody approves the own request; bob and carol see all of it, verified, before they agree:");
  jit(`approve ${asked} --yes`, { expect: 3 });
  jit("pending", { env: bob });
  jit(`approve ${asked} --yes`, { env: bob, lines: 30 });
  jit(`approve ${asked} --yes`, { env: carol, lines: 30 });
  jit(`watch ${asked}`);
  const salary = "s3://acme-payroll/salaries/2026-11.csv";
  const paid = answer(["credentials", "payroll:read"]);
  const holder = {
    ...alice,
    AWS_ACCESS_KEY_ID: paid.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: paid.SecretAccessKey,
    AWS_SESSION_TOKEN: paid.SessionToken,
  };
  show(`read ${salary}   # with the session's own keys`, [reader, salary], { env: holder, lines: 2 });
  jit(`revoke ${asked} --reason "Ana found the second payment was a bonus" --yes`, { env: bob });
  say("The same keys, a moment later. IAM says no:");
  show(`read ${salary}`, [reader, salary], { env: holder, expect: 1 });

  title("9. The record: signed, chained, and anyone can check it.");
  const { sessions } = answer(["status", "--json"]);
  const { request } = sessions.find(({ targets }) => targets.includes("customers:read"));
  await ended(request, 3);
  jit(`audit show ${request}`, { lines: 20 });
  say("A cron job seals what is new into a Merkle tree; a witness, in another account, cosigns it:");
  jit("audit seal --key .local/state/jit/sandbox/log.jwk", { env: auditor });
  jit("audit witness --key .local/state/jit/sandbox/witness.jwk", { env: witness });
  jit("audit verify", { env: auditor });
  jit("audit log --since 1h --store payroll", { env: auditor });
  say("What a court or a customer may be given: one request's records and their proof, checked without AWS.");
  jit(`audit prove ${request} --out proof.json`, { env: auditor });
  jit("audit verify --proof proof.json", { env: offline });

  title("10. Nobody can change it, the administrator neither. Suppose S3 itself were broken into:");
  say("One bit of a record changed, and what revoked the salary session gone without a trace:");
  const { entries } = answer(["audit", "show", asked, "--json"]);
  await control("tamper", { bucket: "jit-audit", key: keyOf(request) });
  const revoked = entries.find(({ type }) => type === "revoke").object;
  await control("tamper", { bucket: "jit-audit", key: revoked, remove: true });
  jit("audit verify", { env: auditor, expect: 20, lines: 20 });

  title("11. It ends by itself, to the minute, by AWS's clock.");
  const keys = answer(["credentials", "customers:read"]);
  const session = {
    ...alice,
    AWS_ACCESS_KEY_ID: keys.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
    AWS_SESSION_TOKEN: keys.SessionToken,
  };
  show(`read ${profile}   # with the session's own keys`, [reader, profile], { env: session });
  say("Eleven minutes later, the same keys:");
  await control("clock", { seconds: 11 * 60 });
  show(`read ${profile}`, [reader, profile], { env: session, expect: 1 });
} finally {
  sandbox.kill("SIGTERM");
  rmSync(home, { recursive: true, force: true });
}
console.log(
  `\n${failed === 0 ? paint(32, "✓") : paint(31, "✗")} ${((Date.now() - began) / 1000).toFixed(1)} s${failed === 0 ? "" : `, ${failed} steps went otherwise than they should`}`,
);
process.exitCode = failed === 0 ? 0 : 1;

/** What a command of alice's answers in JSON. */
function answer(args) {
  return JSON.parse(spawnSync(process.execPath, [binary, ...args], { env: alice, encoding: "utf8" }).stdout);
}

/** The name of a request's record. */
function keyOf(request) {
  const { entries } = answer(["audit", "show", request, "--json"]);
  return entries.find(({ type }) => type === "request").object;
}

/** `jit exec` leaves its end records to a process of its own: waits until they are there. */
async function ended(request, count) {
  for (let tried = 0; tried < 40; tried += 1) {
    const { entries } = answer(["audit", "show", request, "--json"]);
    if (entries.filter(({ type }) => type === "end").length >= count) return;
    await new Promise((done) => setTimeout(done, 100));
  }
}
