import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import { eventually } from "../support/jit.ts";
import { recordsOf } from "../support/ledger.ts";

const { sandbox, machine } = useSandbox();

test.for([
  ["as one variable holds it", "short", {}],
  ["longer than a variable may be", "x".repeat(120_000), {}],
  ["in a pipeline, where it is waited for", "short", { CI: "true" }],
] as const)("`exec` passes the exit code on and records the end of a command %s", async ([
  name,
  word,
  env,
]) => {
  const alice = await machine("alice", env);
  const request = await alice.jit(["request", "customers:read", ...why, "--json"]);
  expect(request.code).toBe(0);
  const { request: id } = JSON.parse(request.stdout);
  const command = [process.execPath, "-e", "process.exitCode = process.argv.length + 40", word];

  expect(await alice.jit(["exec", "customers:read", "--", ...command])).toMatchObject({
    code: 42,
    stdout: "",
    stderr: "",
  });

  const ends = async () =>
    (await recordsOf(sandbox())).filter(({ type, request }) => type === "end" && request === id);
  if (name.startsWith("in a pipeline")) expect(await ends()).toHaveLength(1);
  const end = await eventually(async () => {
    const [found] = await ends();
    if (found === undefined) throw new Error("no end record yet");
    return found;
  });
  expect(end).toMatchObject({
    outcome: "completed",
    exitCode: 42,
    command: createHash("sha256").update(command.join("\0")).digest("hex"),
  });
});

test("a command that is not there, or cannot be executed, is named as it was typed, and steers no terminal", async () => {
  const alice = await machine("alice");
  await alice.jit(["request", "customers:read", ...why]);
  const exec = (command: string) => alice.jit(["exec", "customers:read", "--", command]);
  expect(await exec("./réport.sh")).toMatchObject({
    code: 127,
    stderr: "jit: ./réport.sh: command not found\n",
  });
  expect(await exec("/etc/passwd")).toMatchObject({
    code: 126,
    stderr: "jit: /etc/passwd: cannot be executed\n",
  });
  expect(await exec("\u001b[2Ja\u202eb")).toMatchObject({
    code: 127,
    stderr: "jit: ?[2Ja?b: command not found\n",
  });
});

describe("an end that cannot be recorded", () => {
  const endsOf = async (request: string) =>
    (await recordsOf(sandbox())).filter((record) => record.type === "end" && record.request === request);

  test.each([
    "when it is sent",
    "when AWS is asked who calls",
  ])("%s: exec says what it was about, passes the exit code on, and the next run records it, once", async (when) => {
    const alice = await machine("alice");
    const { request } = JSON.parse((await alice.jit(["request", "customers:read", ...why, "--json"])).stdout);
    if (when !== "when it is sent") rmSync(join(alice.home, ".cache/jit/identities"), { recursive: true });
    const ended = await alice.jit(["exec", "customers:read", "--", "true"], {
      env: { CI: "true", AWS_SECRET_ACCESS_KEY: "wrong" },
    });
    expect(ended).toMatchObject({ code: 0, stdout: "" });
    expect(ended.stderr).toContain(`the command's end under session ${request} could not be recorded`);
    expect(ended.stderr).toContain("the requester's next run records it [END_NOT_RECORDED]");
    expect(await endsOf(request)).toEqual([]);
    expect((await alice.jit(["request", "customers:lists", ...why])).code).toBe(0);
    expect(await endsOf(request)).toMatchObject([{ outcome: "completed", exitCode: 0 }]);
    expect((await alice.jit(["request", "customers:lists", ...why, "--new"])).code).toBe(0);
    expect(await endsOf(request)).toHaveLength(1);
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });

  test("because somebody else calls now, whose record would count for nothing: the requester's next run writes it", async () => {
    const alice = await machine("alice");
    const { request } = JSON.parse((await alice.jit(["request", "customers:read", ...why, "--json"])).stdout);
    const forgotten = await alice.jit(["forget", "--all", "--json"], {
      env: await sandbox().environmentOf("frank"),
    });
    expect(forgotten.code).toBe(0);
    expect(JSON.parse(forgotten.stdout).notices).toMatchObject([{ code: "END_NOT_RECORDED" }]);
    expect(await endsOf(request)).toEqual([]);
    expect((await alice.jit(["request", "customers:lists", ...why])).code).toBe(0);
    expect(await endsOf(request)).toMatchObject([{ outcome: "forgotten" }]);
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });
});
