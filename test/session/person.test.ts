import { expect, test } from "vitest";
import { codeOf } from "../../src/error.ts";
import { callerOf } from "../../src/session/person.ts";

function caller(arn: string) {
  return callerOf({ arn, userid: "AIDAEXAMPLEEXAMPLE00", account: "111122223333" });
}

test.each([
  ["arn:aws:iam::111122223333:user/alice", "alice", false],
  ["arn:aws:iam::111122223333:user/teams/data/alice", "alice", false],
  ["arn:aws-cn:iam::111122223333:user/alice", "alice", false],
  ["arn:aws-us-gov:sts::111122223333:assumed-role/Dev/alice@example.com", "alice@example.com", true],
  ["arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/alice", "alice", true],
])("%s is %s", (arn, name, chained) => {
  expect(caller(arn)).toEqual({ name, chained });
});

test.each([
  "arn:aws:iam::111122223333:root",
  "arn:aws:sts::111122223333:federated-user/alice",
  "arn:aws:iam::111122223333:role/Dev",
  "arn:aws:iam::111122223333:user/",
  "arn:aws:sts::111122223333:assumed-role/Dev",
  "alice",
  "",
])("%s cannot assume a role", (arn) => {
  let code: string | undefined;
  try {
    caller(arn);
  } catch (error) {
    code = codeOf(error);
  }
  expect(code).toBe("IDENTITY_UNUSABLE");
});
