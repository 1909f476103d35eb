import { expect, test } from "vitest";
import { sha256Hex } from "../../src/access/digest.ts";
import { JitError } from "../../src/error.ts";
import { endOfCommand, payOwedEnds } from "../../src/session/end.ts";
import { type EndedCommand, type ExecInput, exitCodeOf, runUnderSession } from "../../src/session/exec.ts";
import type { ChildEnd } from "../../src/session/ports.ts";
import { MemoryOwedEnds } from "./memory-owed-ends.ts";
import { session } from "./sessions.ts";
import { World } from "./world.ts";

const input: ExecInput = {
  session: session(),
  command: "aws",
  args: ["s3", "ls"],
  parentEnvironment: { PATH: "/bin" },
  platform: "linux",
  endpoint: undefined,
  forgetAfter: false,
};

/** Runs with a child that ends so after 2.9 seconds; notes what happened in order. */
async function run(
  end: ChildEnd,
  change: Partial<ExecInput> = {},
  faults: { end?: boolean; forget?: boolean } = {},
) {
  const events: string[] = [];
  const ended: EndedCommand[] = [];
  let clock = 1000;
  const outcome = await runUnderSession(
    {
      children: {
        run: async ({ command, args, environment }) => {
          events.push(`run ${[command, ...args].join(" ")} ${environment["JIT_SESSION"]}`);
          clock += 2900;
          return end;
        },
      },
      monotonic: () => clock,
      ending: () => async (command) => {
        events.push("end");
        if (faults.end) throw new JitError("AUDIT_UNREACHABLE", "no bucket");
        ended.push(command);
      },
      forget: async () => {
        events.push("forget");
        if (faults.forget) throw new JitError("LOCAL_READ_ONLY", "no");
      },
    },
    { ...input, ...change },
  );
  return { outcome, events, ended };
}

test("a command runs under the session, and its end is recorded", async () => {
  const { outcome, events, ended } = await run({ kind: "exited", code: 3 });
  expect(outcome).toMatchObject({ exitCode: 3, notices: [] });
  expect(events).toEqual([`run aws s3 ls ${session().request}`, "end"]);
  expect(ended).toEqual([{ session: input.session, argv: ["aws", "s3", "ls"], exitCode: 3, seconds: 2 }]);
});

test.each<[ChildEnd, number]>([
  [{ kind: "exited", code: 0 }, 0],
  [{ kind: "exited", code: 255 }, 255],
  [{ kind: "killed", signal: 9 }, 137],
  [{ kind: "killed", signal: 15 }, 143],
  [{ kind: "notExecutable" }, 126],
  [{ kind: "notFound" }, 127],
])("%o is exit code %i", (end, code) => {
  expect(exitCodeOf(end)).toBe(code);
});

test.each<ChildEnd>([{ kind: "notFound" }, { kind: "notExecutable" }])("%o has no end", async (end) => {
  const { events } = await run(end);
  expect(events).toHaveLength(1);
});

test("where asked, the session is forgotten as the command ends", async () => {
  const { events } = await run({ kind: "killed", signal: 2 }, { forgetAfter: true });
  expect(events.slice(1)).toEqual(["forget", "end"]);
});

test("the child's exit code passes though its end cannot be recorded", async () => {
  const { outcome } = await run(
    { kind: "exited", code: 4 },
    { forgetAfter: true },
    { end: true, forget: true },
  );
  expect(outcome.exitCode).toBe(4);
  expect(outcome.notices.map(({ code }) => code)).toEqual(["SESSION_NOT_FORGOTTEN", "END_NOT_RECORDED"]);
});

test("inside a session nothing runs", async () => {
  const parentEnvironment = { JIT_SESSION: "01K" };
  await expect(run({ kind: "exited", code: 0 }, { parentEnvironment })).rejects.toMatchObject({
    code: "NESTED_SESSION",
  });
});

test("the end record holds the command's digest, and not the command", async () => {
  const world = new World();
  const owed = new MemoryOwedEnds();
  await owed.add(endOfCommand({ session: session(), argv: ["aws", "s3", "ls"], exitCode: 3, seconds: 2 }));
  await payOwedEnds(world.ports.records, owed);
  expect(owed.ends.size).toBe(0);
  expect(world.records()).toMatchObject([
    {
      type: "end",
      request: session().request,
      requestHash: session().requestHash,
      issueHash: session().issueHash,
      outcome: "completed",
      exitCode: 3,
      seconds: 2,
      command: sha256Hex(Buffer.from("aws\0s3\0ls")),
    },
  ]);
});
