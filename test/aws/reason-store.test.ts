import { beforeEach, expect, test } from "vitest";
import { reasonStore, removeVersion } from "../../src/aws/reason-store.ts";
import { thrownBy } from "../local/temporary.ts";
import { textOf, useSandbox } from "./sandbox.ts";

const { sandbox, openBucket, clientsOf, storeOf } = useSandbox();

const id = "01KCQ9V3W4X5Y6Z7A8B9C0D1E2";
const other = "01KCQ9V3W4X5Y6Z7A8B9C0D1E3";
const text = { reason: "Customer cannot log in", ticket: undefined };
let bucket = "";
let made = 0;

const storeAs = (person: string) =>
  reasonStore((name) => ({
    ...storeOf(person, name),
    remove: (key, versionId) => removeVersion(clientsOf(person).s3, name, key, versionId),
  }));

async function versionsIn(prefix = ""): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of storeOf("alice", bucket).listVersions(prefix)) keys.push(key);
  return keys;
}

beforeEach(() => {
  made += 1;
  bucket = `reasons-${made}`;
  openBucket(bucket);
});

test("reasons are kept where the catalog says, and cannot be replaced", async () => {
  const reasons = storeAs("alice");
  const location = `s3://${bucket}/r/`;
  await reasons.write(location, id, text);
  await reasons.write(location, id, text);
  expect(textOf(await storeOf("alice", bucket).read(`r/${id}.json`))).toBe(
    `{"reason":"Customer cannot log in","request":"${id}","ticket":"-","v":1}`,
  );
  const another = { reason: "Something else entirely", ticket: "T-1" };
  expect(await thrownBy(() => reasons.write(location, id, another))).toBe("RECORD_CONFLICT");
  expect(await thrownBy(() => reasons.write("reasons", id, text))).toBe("REASONS_UNREACHABLE");
});

test("they are read back, with a ticket or without", async () => {
  const reasons = storeAs("alice");
  const location = `s3://${bucket}/`;
  await reasons.write(location, id, text);
  await reasons.write(location, other, { ...text, ticket: "T-1" });
  expect(await reasons.read(location, id)).toEqual(text);
  expect(await reasons.read(location, other)).toEqual({ ...text, ticket: "T-1" });
});

test.each([
  ["no JSON", "hello"],
  ["another request's", `{"reason":"x","request":"${other}","ticket":"-","v":1}`],
  ["of another form", `{"reason":["x"],"request":"${id}","ticket":"-","v":1}`],
])("what is %s counts as absent", async (_what, body) => {
  sandbox().seed.putObject(bucket, `${id}.json`, body, new Date());
  expect(await storeAs("alice").read(`s3://${bucket}/`, id)).toBe("absent");
});

test("erasing takes every version and every delete marker, and nothing else", async () => {
  const reasons = storeAs("alice");
  const location = `s3://${bucket}/r/`;
  for (const word of ["one", "two", "three"]) {
    sandbox().seed.putObject(bucket, `r/${id}.json`, word, new Date());
  }
  await reasons.write(location, other, text);
  sandbox().seed.putObject(bucket, `r/${id}.json.bak`, "beside", new Date());
  expect(await reasons.erase(location, id)).toBe(3);
  expect(await versionsIn()).toEqual([`r/${id}.json.bak`, `r/${other}.json`]);
  expect(await reasons.read(location, id)).toBe("absent");
  expect(await reasons.erase(location, id)).toBe(0);
});

test("a listing names each request once, and nothing that is none", async () => {
  const reasons = storeAs("alice");
  for (const key of [`r/${id}.json`, `r/${id}.json`, `r/${other}.json`, "r/notes.txt", `x/${id}.json`]) {
    sandbox().seed.putObject(bucket, key, "x", new Date());
  }
  const found: string[] = [];
  for await (const request of reasons.list(`s3://${bucket}/r/`)) found.push(request);
  expect(found).toEqual([id, other]);
});

test("a delete that S3 does not do is told, and what is left is found again", async () => {
  const reasons = storeAs("alice");
  const location = `s3://${bucket}/`;
  await reasons.write(location, id, text);
  sandbox().faults.add({ kind: "status", status: 500, service: "s3", action: "DeleteObject" });
  expect(await thrownBy(() => reasons.erase(location, id))).toBe("REASONS_UNREACHABLE");
  sandbox().faults.clear();
  expect(await reasons.erase(location, id)).toBe(1);
});
