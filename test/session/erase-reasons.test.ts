import { expect, test } from "vitest";
import { makeId } from "../../src/audit/id.ts";
import { hourOf } from "../../src/audit/time.ts";
import { findTexts } from "../../src/session/erase-reasons.ts";
import type { ReasonStore } from "../../src/session/sealed-text.ts";
import { organization, Town } from "./approve/parties.ts";

/** Whose texts are found, whatever others have written. */

const location = "s3://reasons/texts/";
const nobody: ReasonStore = {
  write: async () => undefined,
  read: async () => "absent",
  erase: async () => 0,
  list: () => {
    throw new Error("not listed");
  },
};

async function found(town: Town, requester: string, requests: readonly string[]) {
  const reasons: ReasonStore = {
    ...nobody,
    async *list() {
      yield* requests;
    },
  };
  const { reader } = town.user("admin").ports;
  town.store.calls.length = 0;
  const texts = await findTexts(
    { reader, reasons, catalogOf: async () => organization.catalog },
    { requester },
    location,
  );
  return texts.map(({ request }) => request);
}

test("a requester's texts, though somebody who cannot ask wrote records beside them", async () => {
  const town = new Town();
  const alice = town.user("alice");
  const odd = town.user("odd", {
    identity: { arn: "arn:aws:iam::111122223333:root", userid: "111122223333", account: "111122223333" },
    attested: false,
  });
  const hidden = { sha256: "0".repeat(64), salt: "A".repeat(22) };
  const strange = await odd.records("customers:read", hidden);
  const request = await alice.asks();
  expect(await found(town, "alice", [strange, request])).toEqual([request]);
});

test("under a request few objects are read, however many strangers put there", async () => {
  const town = new Town();
  const request = await town.user("alice").asks();
  town.pass(1);
  const hour = hourOf(town.now().toISOString());
  for (let n = 0; n < 1000; n += 1)
    for (const type of ["request", "denial"])
      town.store.put(
        `v1/rec/${hour}/${request}/AIDAAAAAAAAAAAAAAAAA/${"A".repeat(43)}.${n}.${type}.jws`,
        new Uint8Array(3),
      );
  expect(await found(town, "alice", [request])).toEqual([request]);
  expect(town.store.calls.filter((call) => call.startsWith("read ")).length).toBeLessThan(10);
  const none = makeId(town.time, "A".repeat(43), "A".repeat(22));
  expect(await found(town, "alice", [none])).toEqual([]);
});
