import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import { errorOf, expectError } from "../support/ledger.ts";

const { sandbox, machine } = useSandbox();

describe("jit status", () => {
  test("names people only where there are several, marks who calls now, and gives times with their zone", async () => {
    const alice = await machine("alice", { TZ: "Asia/Kolkata" });
    const frank = await sandbox().environmentOf("frank");
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const one = await alice.jit(["status"]);
    expect(one.stdout).toMatch(/^TARGET +LEFT +UNTIL +REQUEST\ncustomers:read .*\d\d:\d\d \+05:30\s/);
    expect((await alice.jit(["request", "orders:read", ...why], { env: frank })).code).toBe(0);

    const asAlice = (await alice.jit(["status"])).stdout;
    expect(asAlice).toMatch(/^TARGET +WHO +LEFT +UNTIL +REQUEST\n/);
    expect(asAlice).toMatch(/^customers:read +alice \(you\) /m);
    expect(asAlice).toMatch(/^orders:read +frank(?!.*\(you\))/m);
    const asFrank = (await alice.jit(["status"], { env: frank })).stdout;
    expect(asFrank).toMatch(/^customers:read +alice +\d/m);
    expect(asFrank).toMatch(/^orders:read +frank\S* \(you\) /m);
    const nobody = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    expect((await alice.jit(["status"], { env: nobody })).stdout).not.toContain("(you)");

    const { sessions } = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect((await alice.jit(["forget", "orders:read"], { env: frank })).code).toBe(0);
    const another = (await alice.jit(["status"], { env: frank })).stdout;
    expect(another).toMatch(/^TARGET +WHO +LEFT +UNTIL +REQUEST\ncustomers:read +alice /);
    expect(sessions).toMatchObject([
      { targets: ["customers:read"], own: true, identity: { arn: expect.stringMatching(/alice$/) } },
      { targets: ["orders:read"], own: false, identity: { arn: expect.stringMatching(/frank/) } },
    ]);
    expect(
      JSON.parse((await alice.jit(["status", "--json"], { env: nobody })).stdout).sessions[0].own,
    ).toBeNull();
  });

  test("its sessions of several organizations are told apart", async () => {
    const alice = await machine("alice");
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const file = join(alice.home, "jit.yaml");
    const { readFileSync } = await import("node:fs");
    writeFileSync(file, readFileSync(sandbox().catalog, "utf8"));
    const env = { JIT_ORGANIZATION: `${file}#unsigned` };
    expect((await alice.jit(["request", "customers:read", ...why], { env })).code).toBe(0);
    const { stdout } = await alice.jit(["status"]);
    expect(stdout).toMatch(/^TARGET +ORGANIZATION +LEFT/);
    expect(stdout).toMatch(/^customers:read +unsigned /m);
  });
});

describe("--json", () => {
  test("may stand before the command", async () => {
    const alice = await machine("alice");
    const behind = JSON.parse((await alice.jit(["stores", "--json"])).stdout);
    expect(JSON.parse((await alice.jit(["--json", "stores"])).stdout)).toEqual(behind);
    expect(
      JSON.parse((await alice.jit(["--no-color", "--json", "stores", "show", "orders"])).stdout),
    ).toMatchObject({
      name: "orders",
    });
    expectError(await alice.jit(["--json", "audit", "show", "x"]), "REQUEST_ID_INVALID", 2);
    expectError(await alice.jit(["--json", "exec", "customers:read", "--", "true"]), "NO_SESSION", 125);
    expectError(await alice.jit(["--json", "no-such-command"]), "USAGE", 2);
  });

  test("`env --json` prints the variables, and knows no format besides", async () => {
    const alice = await machine("alice");
    const { request } = JSON.parse((await alice.jit(["request", "customers:read", ...why, "--json"])).stdout);
    const { sessions } = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    const variables = JSON.parse((await alice.jit(["env", "customers:read", "--json"])).stdout);
    expect(Object.keys(variables).sort()).toEqual([
      "AWS_ACCESS_KEY_ID",
      "AWS_CREDENTIAL_EXPIRATION",
      "AWS_DEFAULT_REGION",
      "AWS_REGION",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN",
    ]);
    expect(variables.AWS_ACCESS_KEY_ID).toBe(sessions[0].accessKeyId);
    expect(sessions[0].request).toBe(request);
    const both = await alice.jit(["env", "customers:read", "--json", "--format", "fish"]);
    expectError(both, "USAGE", 2);
    expect(errorOf(both).message).toContain("--format");
  });

  test("`exec --json`: what is jit's own is JSON on stderr, the command's output is its own", async () => {
    const alice = await machine("alice");
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const ran = await alice.jit([
      "exec",
      "--json",
      "customers:read",
      "--ticket",
      "SUP-1",
      "--",
      "echo",
      "own",
    ]);
    expect(ran).toMatchObject({ code: 0, stdout: "own\n" });
    expect(JSON.parse(ran.stderr)).toMatchObject({ note: { code: "SESSION_REUSED" } });
  });

  test("`config --json` prints what is set, and where", async () => {
    const alice = await machine("alice");
    const pin = alice.env["JIT_ORGANIZATION"];
    const file = join(alice.home, ".config/jit/config.json");
    expect(JSON.parse((await alice.jit(["config", "--json"])).stdout)).toEqual({
      file,
      organization: pin,
      duration: null,
      purpose: null,
      profile: null,
      region: null,
      key: null,
    });
    expect((await alice.jit(["config", "purpose", "reporting"])).code).toBe(0);
    expect((await alice.jit(["use", String(pin)])).code).toBe(0);
    const env = { JIT_ORGANIZATION: undefined };
    const set = JSON.parse((await alice.jit(["config", "--json"], { env })).stdout);
    const fingerprint = String(pin).split("#")[1];
    expect(set).toMatchObject({
      file,
      organization: expect.stringContaining(`#${fingerprint}`),
      purpose: "reporting",
    });
    expect((await alice.jit(["config"])).stdout).toContain(file);
    // It serves where no purpose is given.
    const asked = await alice.jit(["request", "customers:read", "--reason", why[3], "--json"]);
    const story = JSON.parse(
      (await alice.jit(["audit", "show", JSON.parse(asked.stdout).request, "--json"])).stdout,
    );
    expect(story.entries[0].record).toMatchObject({ type: "request", purpose: "reporting" });
  });
});
