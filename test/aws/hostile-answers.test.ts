import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketStore } from "../../src/aws/record-store.ts";
import { lookupSource, publicKeys } from "../../src/aws/trail-lookup.ts";
import { codeOf } from "../../src/error.ts";
import { hostile } from "../support/mutate.ts";
import { fakeS3 } from "./fake-s3.ts";
import { all, noWait } from "./sandbox.ts";

/** An endpoint that is broken, or no S3 at all: what it answers is objects, or an error of ours, and comes to an end. */

const version = (key: string) =>
  `<Version><Key>${key}</Key><VersionId>1</VersionId><IsLatest>true</IsLatest><LastModified>2026-11-24T08:00:00.000Z</LastModified><Size>1</Size></Version>`;
const seeds = [
  `<?xml version="1.0"?><ListVersionsResult><Name>b</Name><IsTruncated>true</IsTruncated><NextKeyMarker>v1/a</NextKeyMarker>${version("v1/a")}</ListVersionsResult>`,
  `<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>v1/a</Key><LastModified>2026-11-24T08:00:00.000Z</LastModified><Size>1</Size></Contents><CommonPrefixes><Prefix>v1/x/</Prefix></CommonPrefixes></ListBucketResult>`,
  `<Error><Code>NoSuchKey</Code><Message>no</Message></Error>`,
].map((text) => Buffer.from(text));

test("whatever it answers", async () => {
  let body: Uint8Array = Buffer.of(0);
  let status = 200;
  let asked = 0;
  const s3 = await fakeS3((_, reply) => {
    asked++;
    reply.writeHead(status, { "content-type": "application/xml" }).end(body);
  });
  const store = bucketStore({ s3, bucket: "b", account: undefined, wait: noWait });
  const calls: (() => Promise<unknown>)[] = [
    () => all(store.listVersions("v1/")),
    () => all(store.list("v1/")),
    () => all(store.listPrefixes("v1/")),
    () => store.read("v1/a"),
    () => store.readVersion("v1/a", "1"),
    () => store.create("v1/a", Buffer.from("x")),
  ];
  const answers = fc.tuple(
    hostile(seeds),
    fc.constantFrom(200, 200, 200, 301, 400, 403, 404, 409, 412, 500, 503),
    fc.constantFrom(...calls),
  );
  await fc.assert(
    fc.asyncProperty(answers, async ([bytes, code, call]) => {
      [body, status, asked] = [bytes, code, 0];
      try {
        await call();
      } catch (error) {
        expect(codeOf(error)).toMatch(/^A(?:UDIT|WS)_[A-Z_]+$|^RECORD_CONFLICT$/);
      }
      expect(asked).toBeLessThan(20);
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["versions", seeds[0], true],
  [
    "versions, without where",
    `<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>`,
    true,
  ],
  ["objects", seeds[1], false],
  ["objects, without where", `<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>`, false],
] as const)("a listing of %s that always says that it goes on is refused", async (_, body, ofVersions) => {
  const s3 = await fakeS3((__, reply) => reply.end(body));
  const store = bucketStore({ s3, bucket: "b", account: undefined, wait: noWait });
  const listing = ofVersions ? store.listVersions("v1/") : store.list("v1/");
  await expect(all(listing)).rejects.toMatchObject({ code: "AUDIT_REFUSED" });
});

test("a list of CloudTrail's keys or events that goes on at the same place for ever is refused", async () => {
  const range = { from: new Date(0), to: new Date(1000) };
  const keys = async () => ({ PublicKeyList: [], NextToken: "t" });
  await expect(publicKeys(keys, "eu-central-1", range)).rejects.toMatchObject({ code: "AWS_ENDLESS" });
  const of = { account: "111122223333", region: "eu-central-1", keyed: true };
  const events = lookupSource(async () => ({ Events: [], NextToken: "t" }), of);
  await expect(all(events.events(range))).rejects.toMatchObject({ code: "AWS_ENDLESS" });
});
