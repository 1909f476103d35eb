import { expect, test } from "vitest";
import type { BucketLocation } from "../../src/access/location.ts";
import { readPublished } from "../../src/aws/organization-source.ts";
import { textOf, useSandbox } from "./sandbox.ts";

const { sandbox, openBucket } = useSandbox();

function published(bucket: string, versions: readonly number[]): BucketLocation {
  for (const version of versions) {
    sandbox().seed.putObject(bucket, `v1/trust/${version}.json`, `trust ${version}`, new Date());
  }
  sandbox().seed.putObject(bucket, "v1/catalog/current.jws", "catalog", new Date());
  return { kind: "s3", bucket, key: "v1/catalog/current.jws", trust: "v1/trust/" };
}

test("the trust files after the known one, in order, and the catalog", async () => {
  const store = openBucket("published");
  const location = published("published", [1, 2, 3, 5]);
  const all = await readPublished(store, location, 0);
  expect(all.trustFiles.map(textOf)).toEqual(["trust 1", "trust 2", "trust 3"]);
  expect(textOf(all.signedCatalog)).toBe("catalog");
  expect((await readPublished(store, location, 2)).trustFiles.map(textOf)).toEqual(["trust 3"]);
});

test("where all is known, three questions at once", async () => {
  const store = openBucket("known");
  const location = published("known", [1]);
  sandbox().clearCalls();
  sandbox().faults.add({ kind: "latency", ms: 100 });
  expect((await readPublished(store, location, 1)).trustFiles).toEqual([]);
  const [first, second, third, ...more] = sandbox().calls();
  expect(more).toEqual([]);
  expect(second?.start).toBeLessThan(first?.end ?? 0);
  expect(third?.start).toBeLessThan(first?.end ?? 0);
});

test("nothing published is nothing, and no error", async () => {
  const store = openBucket("empty");
  const location = {
    kind: "s3",
    bucket: "empty",
    key: "v1/catalog/current.jws",
    trust: "v1/trust/",
  } as const;
  expect(await readPublished(store, location, 0)).toEqual({
    trustFiles: [],
    signedCatalog: undefined,
    checkpoint: undefined,
  });
});
