import { createHash } from "node:crypto";
import { expect, test } from "vitest";
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
