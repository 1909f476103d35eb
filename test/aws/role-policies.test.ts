import { expect, test } from "vitest";
import { rolePolicies } from "../../src/aws/role-policies.ts";
import { STORE_ACCOUNT, STORE_ROLES } from "../../src/sandbox/account.ts";
import { thrownBy } from "../local/temporary.ts";
import { useSandbox } from "./sandbox.ts";

const { sandbox, clientsOf } = useSandbox();
const role = STORE_ROLES.customers;
const deny = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}';

const policiesOf = (person: string | undefined, account = STORE_ACCOUNT, attempts = 2) =>
  rolePolicies({ aws: clientsOf(person), account, attempts });

test("what is put is listed and read as it was sent, and removing is quiet about what is not there", async () => {
  const policies = policiesOf("bob");
  const text = deny.replace('"*"}', '"arn:aws:s3:::a%b+c/ü*"}');
  const before = await policies.list(role);
  await policies.put(role, "jit-revoke-test", text);
  expect(await policies.list(role)).toEqual([...before, "jit-revoke-test"].sort());
  expect(await policies.get(role, "jit-revoke-test")).toBe(text);
  await policies.put(role, "jit-revoke-test", deny);
  expect(await policies.get(role, "jit-revoke-test")).toBe(deny);
  await policies.remove(role, "jit-revoke-test");
  await policies.remove(role, "jit-revoke-test");
  expect(await policies.get(role, "jit-revoke-test")).toBeUndefined();
  expect(await policies.list(role)).toEqual(before);
});

test("many names come in pages", async () => {
  const policies = policiesOf("bob");
  const small = deny.replace('"*","Resource"', '"s3:*","Resource"');
  const names = Array.from({ length: 105 }, (_, index) => `jit-revoke-${index}`);
  for (const name of names) await policies.put(STORE_ROLES.orders, name, small);
  expect((await policies.list(STORE_ROLES.orders)).filter((name) => names.includes(name))).toHaveLength(105);
  for (const name of names) await policies.remove(STORE_ROLES.orders, name);
});

test.each([
  ["who may not", "alice", role, "IAM_DENIED"],
  ["a role that is not there", "bob", `arn:aws:iam::${STORE_ACCOUNT}:role/pii-none`, "IAM_ROLE_MISSING"],
  [
    "another account's role of the same name",
    "bob",
    "arn:aws:iam::999999999999:role/pii-customers",
    "IAM_OTHER_ACCOUNT",
  ],
  ["no role", "bob", "arn:aws:iam::111122223333:user/alice", "IAM_OTHER_ACCOUNT"],
] as const)("%s: told by its code, in every call", async (_what, person, target, code) => {
  const policies = policiesOf(person);
  expect(await thrownBy(() => policies.list(target))).toBe(code);
  expect(await thrownBy(() => policies.get(target, "p"))).toBe(code);
  expect(await thrownBy(() => policies.put(target, "p", deny))).toBe(code);
  expect(await thrownBy(() => policies.remove(target, "p"))).toBe(code);
});

test("a full role, a policy that is none, and AWS in trouble", async () => {
  const policies = policiesOf("bob");
  const long = deny.replace('"*"}', `"arn:aws:s3:::${"a".repeat(10_300)}"}`);
  expect(await thrownBy(() => policies.put(role, "p", long))).toBe("IAM_LIMIT");
  expect(await thrownBy(() => policies.put(role, "p", "{}"))).toBe("IAM_REFUSED");
  sandbox().faults.add({ service: "iam", kind: "status", status: 500 });
  expect(await thrownBy(() => policies.list(role))).toBe("IAM_UNREACHABLE");
  sandbox().faults.clear();
  sandbox().faults.add({ service: "iam", kind: "status", status: 503, code: "ServiceUnavailable" });
  expect(await thrownBy(() => policies.list(role))).toBe("AWS_THROTTLED");
  sandbox().faults.clear();
  sandbox().faults.add({ service: "iam", kind: "dropBefore" });
  expect(await thrownBy(() => policies.list(role))).toBe("IAM_UNREACHABLE");
});

test("a reply that is lost is asked for again: every call may be", async () => {
  sandbox().faults.add({ service: "iam", action: "PutRolePolicy", kind: "lostReply", count: 1 });
  const policies = policiesOf("bob");
  await policies.put(role, "jit-revoke-lost", deny);
  expect(await policies.get(role, "jit-revoke-lost")).toBe(deny);
  sandbox().faults.add({ service: "iam", action: "DeleteRolePolicy", kind: "lostReply", count: 1 });
  await policies.remove(role, "jit-revoke-lost");
  expect(await policies.list(role)).not.toContain("jit-revoke-lost");
});
