import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reader, useSandbox, why, whyVariables } from "../support/fixture.ts";

const { sandbox, machine } = useSandbox();
const profile = "s3://acme-customers/profiles/0007.json";
const has = (program: string): boolean => existsSync(program);

/** A machine with an open session. */
async function open(person = "alice") {
  const opened = await machine(person, whyVariables);
  const { code, stderr } = await opened.jit(["request", "customers:read"]);
  expect([code, stderr.includes("error:")]).toEqual([0, false]);
  return opened;
}

describe("jit exec", () => {
  test.each([0, 1, 42, 255])("passes exit code %i on", async (code) => {
    const alice = await open();
    expect((await alice.jit(["exec", "customers:read", "--", "sh", "-c", `exit ${code}`])).code).toBe(code);
  });

  test("conventions: not found 127, not executable 126, killed by a signal 128 + N, its own failure 125", async () => {
    const alice = await open();
    writeFileSync(join(alice.home, "plain.txt"), "no program", { mode: 0o644 });
    const codes = [];
    for (const command of [
      ["no-such-command"],
      [join(alice.home, "plain.txt")],
      ["sh", "-c", "kill -TERM $$"],
      ["sh", "-c", "kill -KILL $$"],
    ]) {
      codes.push((await alice.jit(["exec", "customers:read", "--", ...command])).code);
    }
    expect(codes).toEqual([127, 126, 143, 137]);
    expect((await alice.jit(["exec", "nonsense:read", "--", "true"])).code).toBe(125);
  });

  test("a signal reaches the child, and its answer comes back", async () => {
    const alice = await open();
    const child = alice.start([
      "exec",
      "customers:read",
      "--",
      "sh",
      "-c",
      'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done',
    ]);
    await new Promise<void>((ready) =>
      child.stdout?.on("data", (text) => String(text).includes("ready") && ready()),
    );
    const ended = new Promise((done) => child.on("exit", done));
    child.kill("SIGTERM");
    expect(await ended).toBe(7);
  });

  test("the child's environment: the session's keys, nothing of the caller's own", async () => {
    const alice = await open();
    const env = { AWS_PROFILE: "", AWS_ROLE_ARN: "arn:aws:iam::1:role/x", AWS_SECURITY_TOKEN: "old" };
    const { stdout } = await alice.jit(["exec", "customers:read", "--", "env"], { env });
    const seen = Object.fromEntries(stdout.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
    expect(seen["AWS_ACCESS_KEY_ID"]).toMatch(/^ASIA/);
    expect(seen["AWS_SESSION_TOKEN"]).toBeTruthy();
    expect(seen["AWS_CREDENTIAL_EXPIRATION"]).toMatch(/^\d{4}-/);
    expect(seen["JIT_SESSION"]).toMatch(/^[0-9A-Z]{26}$/);
    for (const gone of ["AWS_PROFILE", "AWS_ROLE_ARN", "AWS_SECURITY_TOKEN"])
      expect(seen).not.toHaveProperty(gone);
    expect(stdout).not.toContain(String(alice.env["AWS_SECRET_ACCESS_KEY"]));
  });

  test("a session within a session is refused", async () => {
    const alice = await open();
    const nested = await alice.jit(["exec", "customers:read", "--", "true"], {
      env: { JIT_SESSION: "01JD0000000000000000000000" },
    });
    expect(nested.code).toBe(125);
    expect(nested.stderr).toContain("NESTED_SESSION");
    expect(nested.stderr).toContain("another shell");
  });

  test("flags behind -- are the command's own", async () => {
    const alice = await open();
    expect((await alice.jit(["exec", "customers:read", "--", "echo", "--json", "--", "-h"])).stdout).toBe(
      "--json -- -h\n",
    );
  });

  test("--lease hands the child short children of the session through the container endpoint, and no keys", async () => {
    const alice = await open();
    await sandbox().clearCalls();
    const leased = await alice.jit(
      [
        "exec",
        "--lease",
        "5m",
        "customers:read",
        "--",
        "sh",
        "-c",
        `env | grep ^AWS_; ${process.execPath} --input-type=module -e "$READ" ${profile}`,
      ],
      {
        env: { READ: reader(profile)[3] },
      },
    );
    expect(leased.code).toBe(0);
    expect(leased.stdout).toContain("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:");
    expect(leased.stdout).not.toContain("AWS_SECRET_ACCESS_KEY");
    expect(leased.stdout).toContain('"id": "0007"');
    expect((await sandbox().calls()).map(({ action }) => action)).toContain("GetScopedCredentials");
  });

  test("a lease is renewed while the command runs, and lapses after it", { timeout: 60_000 }, async () => {
    const alice = await open();
    await sandbox().clearCalls();
    const script = `
      const get = async () => (await (await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } })).json());
      const first = await get();
      await new Promise((done) => setTimeout(done, 2200));
      const second = await get();
      console.log(JSON.stringify({ first, second }));`;
    const { code, stdout } = await alice.jit([
      "exec",
      "--lease",
      "3s",
      "customers:read",
      "--",
      process.execPath,
      "--input-type=module",
      "-e",
      script,
    ]);
    expect(code).toBe(0);
    const { first, second } = JSON.parse(stdout);
    expect(second.AccessKeyId).not.toBe(first.AccessKeyId);
    expect(Date.parse(first.Expiration) - Date.now()).toBeLessThan(3000);
    await sandbox().advanceClock(5);
    const [node = "", ...args] = reader(profile);
    const late = await alice.run(node, args, {
      env: {
        AWS_ACCESS_KEY_ID: second.AccessKeyId,
        AWS_SECRET_ACCESS_KEY: second.SecretAccessKey,
        AWS_SESSION_TOKEN: second.Token,
      },
    });
    await sandbox().advanceClock(-5);
    expect(late).toMatchObject({ code: 1, stdout: "ExpiredToken" });
  });

  test("--only narrows for one command", async () => {
    const alice = await open();
    const read = await alice.jit([
      "exec",
      "--only",
      "s3:GetObject",
      "customers:read",
      "--",
      ...reader(profile),
    ]);
    expect(read.code).toBe(0);
    const listed = await alice.jit([
      "exec",
      "--only",
      "s3:ListBucket",
      "customers:read",
      "--",
      ...reader(profile),
    ]);
    expect(listed).toMatchObject({ code: 1, stdout: "AccessDenied" });
    const nonsense = await alice.jit(["exec", "--only", "read everything", "customers:read", "--", "true"]);
    expect(nonsense.code).toBe(125);
    expect(nonsense.stderr).toContain("ACTION_INVALID");
  });
});

describe("jit env", () => {
  test.each([
    ["sh", "env", 'eval "$(cat)"; printf %s "$AWS_ACCESS_KEY_ID"; env | grep -c ^AWS_SESSION_TOKEN='],
    ["bash", "env-no-export", 'eval "$(cat)"; printf %s "$AWS_ACCESS_KEY_ID"; echo 1'],
    ["fish", "fish", "source; printf %s $AWS_ACCESS_KEY_ID; echo 1"],
  ])("%s evaluates --format %s", async (shell, format, script) => {
    const alice = await open();
    const { stdout } = await alice.jit(["env", "customers:read", "--format", format]);
    const found = spawnSync(shell, ["-c", script], { input: stdout, encoding: "utf8" });
    if (found.error !== undefined) return; // that shell is not on this machine
    const wanted = JSON.parse((await alice.jit(["credentials", "customers:read"])).stdout).AccessKeyId;
    expect(found.stdout).toBe(`${wanted}1\n`);
  });

  test.each([
    "powershell",
    "windows-cmd",
    "process",
  ])("--format %s names all three values", async (format) => {
    const alice = await open();
    const { stdout } = await alice.jit(["env", "customers:read", "--format", format]);
    for (const name of format === "process"
      ? ["AccessKeyId", "SecretAccessKey", "SessionToken"]
      : ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]) {
      expect(stdout).toContain(name);
    }
  });
});

describe("real clients", () => {
  /** A machine whose AWS profile `customers` fetches from jit, which asks with the profile `alice`. */
  async function withProfile() {
    const alice = await machine("alice");
    const binary = join(import.meta.dirname, "../../bin/jit.js");
    mkdirSync(join(alice.home, ".aws"), { recursive: true });
    writeFileSync(
      join(alice.home, ".aws/credentials"),
      `[alice]\naws_access_key_id = ${alice.env["AWS_ACCESS_KEY_ID"]}\naws_secret_access_key = ${alice.env["AWS_SECRET_ACCESS_KEY"]}\n`,
      { mode: 0o600 },
    );
    const helper = `${process.execPath} ${binary} credentials`;
    writeFileSync(
      join(alice.home, ".aws/config"),
      `[profile customers]\nregion = eu-central-1\ncredential_process = ${helper} --profile alice customers:read\n[profile loop]\ncredential_process = ${helper} customers:read\n`,
    );
    alice.env = { ...alice.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    expect((await alice.jit(["request", "customers:read", "--profile", "alice", ...why])).code).toBe(0);
    return { alice, env: { AWS_PROFILE: "customers" } };
  }

  /** Debian's AWS CLI and boto3 are older than AWS_ENDPOINT_URL. */
  const endpoint = () => ["--endpoint-url", sandbox().url];

  test("AWS SDK for JavaScript: credential_process and environment", async () => {
    const { alice, env } = await withProfile();
    const [node = "", ...args] = reader(profile);
    expect(await alice.run(node, args, { env })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"0007"'),
    });
    expect(
      (await alice.jit(["exec", "--profile", "alice", "customers:read", "--", node, ...args])).code,
    ).toBe(0);
  });

  test("a profile that fetches from jit and that jit asks with is no endless loop", async () => {
    const { alice } = await withProfile();
    const looped = await alice.jit(["credentials", "orders:read"], {
      env: { AWS_PROFILE: "loop", ...whyVariables },
    });
    expect(looped.code).toBe(8);
    expect(looped.stdout).toBe("");
  });

  test.skipIf(!has("/usr/bin/aws"))(
    "AWS CLI: credential_process, environment, container endpoint",
    { timeout: 90_000 },
    async () => {
      const { alice, env } = await withProfile();
      const aws = (...args: string[]) => ["/usr/bin/aws", ...endpoint(), "s3", ...args];
      const exec = (...args: string[]) => alice.jit(["exec", "--profile", "alice", ...args]);
      const cp = await alice.run("/usr/bin/aws", aws("cp", profile, "-").slice(1), { env });
      expect(cp).toMatchObject({ code: 0, stdout: expect.stringContaining('"0007"') });
      const ls = await exec("customers:read", "--", ...aws("ls", "s3://acme-customers/profiles/"));
      expect(ls).toMatchObject({ code: 0, stdout: expect.stringContaining("0007.json") });
      const leased = await exec("--lease", "5m", "customers:read", "--", ...aws("cp", profile, "-"));
      expect(leased).toMatchObject({ code: 0, stdout: expect.stringContaining('"0007"') });
      const denied = await exec(
        "customers:read",
        "--",
        ...aws("cp", "s3://acme-customers/lists/customers.csv", "-"),
      );
      expect(denied.code).not.toBe(0);
      expect(denied.stderr).toMatch(/403|AccessDenied|Forbidden/);
    },
  );

  test.skipIf(spawnSync("/usr/bin/python3", ["-c", "import boto3"]).status !== 0)(
    "boto3: environment and container endpoint",
    { timeout: 90_000 },
    async () => {
      const alice = await open();
      const script = `import boto3; print(boto3.client("s3", endpoint_url="${sandbox().url}").get_object(Bucket="acme-customers", Key="profiles/0007.json")["Body"].read().decode())`;
      for (const lease of [[], ["--lease", "5m"]]) {
        const read = await alice.jit([
          "exec",
          ...lease,
          "customers:read",
          "--",
          "/usr/bin/python3",
          "-c",
          script,
        ]);
        expect(read).toMatchObject({ code: 0, stdout: expect.stringContaining('"0007"') });
      }
    },
  );

  test("a pipeline step by web identity: two hops, no prompt, its claims in the record", async () => {
    const ci = await machine("ci", { ...whyVariables, JIT_FOR: "15m" });
    writeFileSync(join(ci.home, "token"), sandbox().ciToken(), { mode: 0o600 });
    ci.env = { ...ci.env, AWS_WEB_IDENTITY_TOKEN_FILE: join(ci.home, "token") };
    const step = await ci.jit([
      "exec",
      "orders:read",
      "--",
      ...reader("s3://acme-orders/orders/2026-01.csv"),
    ]);
    expect(step).toMatchObject({ code: 0, stdout: expect.stringContaining("date,order") });
    const { sessions } = JSON.parse((await ci.jit(["status", "--json"])).stdout);
    const story = JSON.parse((await ci.jit(["audit", "show", sessions[0].request, "--json"])).stdout);
    expect(story.entries[0].record.claimed).toMatchObject({ "ci.repository": "acme/shop" });
  });
});

test("NO_COLOR, --no-color and a pipe: no escape sequence anywhere", async () => {
  const alice = await open();
  const esc = String.fromCharCode(27);
  const colourful = await alice.jit(["stores"], { env: { FORCE_COLOR: "1" } });
  expect(colourful.stdout).toContain(esc);
  for (const [args, env] of [
    [["stores"], {}],
    [["stores", "--no-color"], { FORCE_COLOR: "1" }],
    [["stores"], { FORCE_COLOR: "1", NO_COLOR: "1" }],
    [["stores"], { FORCE_COLOR: "false" }],
    [["request", "customers:raed"], {}],
  ] as const) {
    const { stdout, stderr } = await alice.jit(args, { env });
    expect(stdout + stderr).not.toContain(esc);
  }
});

test("without a terminal the missing flag is named", async () => {
  const alice = await machine("alice");
  const noTarget = await alice.jit(["request"]);
  expect(noTarget).toMatchObject({ code: 2, stdout: "" });
  const noReason = await alice.jit(["request", "customers:read", "--purpose", "support"]);
  expect(noReason.code).toBe(2);
  expect(noReason.stderr).toContain("--reason");
  const noPurpose = await alice.jit(["request", "customers:read", ...why.slice(2)]);
  expect(noPurpose.code).toBe(2);
  expect(noPurpose.stderr).toContain("--purpose");
});

test("jit status and forget need neither AWS nor network", async () => {
  const alice = await open();
  await sandbox().clearCalls();
  expect((await alice.jit(["status"], { env: { AWS_ENDPOINT_URL: "http://127.0.0.1:9" } })).code).toBe(0);
  expect(await sandbox().calls()).toEqual([]);
});
