import { Readable } from "node:stream";
import { ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { listed, mergeVersions } from "../../src/aws/listed.ts";
import { splitPage, takeVersions, type VersionPage } from "../../src/aws/version-page.ts";

const head =
  '<?xml version="1.0" encoding="UTF-8"?>\n<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>v1/</Prefix><KeyMarker/><VersionIdMarker/><NextKeyMarker>v1/z&amp;</NextKeyMarker><NextVersionIdMarker>n</NextVersionIdMarker><MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated>';
const pageOf = (entries: string) => `${head}${entries}</ListVersionsResult>`;

interface Sample {
  readonly key: string;
  readonly version: string;
  readonly isLatest: boolean;
  readonly isMarker: boolean;
  readonly at: Date;
}

const escaped = (text: string) =>
  [...text]
    .map((char) => (/[<>&"'\s]/.test(char) ? `&#x${char.codePointAt(0)?.toString(16)};` : char))
    .join("");

function entryOf({ key, version, isLatest, isMarker, at }: Sample): string {
  const all = `<Key>${escaped(key)}</Key><VersionId>${version}</VersionId><IsLatest>${isLatest}</IsLatest><LastModified>${at.toISOString()}</LastModified>`;
  const owner = "<Owner><ID>75aa57f0</ID><DisplayName>Key</DisplayName></Owner>";
  return isMarker
    ? `<DeleteMarker>${all}${owner}</DeleteMarker>`
    : `<Version>${all}<ETag>&quot;fba9&quot;</ETag><ChecksumAlgorithm>SHA256</ChecksumAlgorithm><Size>12</Size>${owner}<StorageClass>STANDARD</StorageClass></Version>`;
}

/** What the SDK gives for a page. @param take whether its entries are taken out before */
async function read(xml: string, take: boolean) {
  class Answer {
    readonly statusCode = 200;
    readonly headers = { "content-type": "application/xml" };
    readonly body = Readable.from([Buffer.from(xml.slice(0, 40)), Buffer.from(xml.slice(40))]);
  }
  const s3 = new S3Client({
    region: "eu-central-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    requestHandler: { handle: async () => ({ response: new Answer() }) } as never,
  });
  const command = new ListObjectVersionsCommand({ Bucket: "b" });
  let taken: VersionPage | undefined;
  if (take) {
    takeVersions(command, (page) => {
      taken = page;
    });
  }
  const { IsTruncated, NextKeyMarker, NextVersionIdMarker, Versions, DeleteMarkers } = await s3.send(command);
  const versions = taken?.versions ?? Versions?.map((one) => listed(one, false)) ?? [];
  const markers = taken?.deleteMarkers ?? DeleteMarkers?.map((one) => listed(one, true)) ?? [];
  return {
    isTaken: taken !== undefined,
    page: { IsTruncated, NextKeyMarker, NextVersionIdMarker, all: mergeVersions(versions, markers) },
  };
}

const sample: fc.Arbitrary<Sample> = fc.record({
  // XML has no other characters.
  key: fc.stringMatching(/^[a-z0-9/<>&"' ;:=é😀-]{1,20}$/u),
  version: fc.stringMatching(/^[A-Za-z0-9._+-]{1,32}$/),
  isLatest: fc.boolean(),
  isMarker: fc.boolean(),
  at: fc.date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }),
});

test("what is taken out of a page is what the SDK reads in it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sample, { maxLength: 8 }), async (samples) => {
      const xml = pageOf(samples.map(entryOf).join(""));
      const [taken, plain] = [await read(xml, true), await read(xml, false)];
      expect(taken.isTaken).toBe(true);
      expect(taken.page).toEqual(plain.page);
    }),
    { numRuns: 60 },
  );
});

const one: Sample = { key: "v1/a", version: "x", isLatest: true, isMarker: false, at: new Date(0) };

test.each([
  ["a comment", (xml: string) => xml.replace("<Key>", "<!-- <Key> --><Key>")],
  ["CDATA", (xml: string) => xml.replace("v1/a", "<![CDATA[v1/a]]>")],
  ["an attribute", (xml: string) => xml.replace("<Key>", '<Key encoding="url">')],
  ["another entity", (xml: string) => xml.replace("v1/a", "v1&nbsp;a")],
  ["no version", (xml: string) => xml.replace("<VersionId>x</VersionId>", "")],
  ["no time", (xml: string) => xml.replace(/T00:00:00\.000Z/, "")],
  ["a size that is none", (xml: string) => xml.replace("<Size>12</Size>", "<Size>-1</Size>")],
  ["an element in the key", (xml: string) => xml.replace("v1/a", "v1<b>/a</b>")],
  ["a time that there is not", (xml: string) => xml.replace("1970-01-01", "1970-13-45")],
  ["no end", (xml: string) => xml.replace("</Version>", "")],
])("a page with %s is left to the SDK", (_, change) => {
  const xml = pageOf(entryOf(one));
  expect(splitPage(xml)?.versions).toHaveLength(1);
  expect(change(xml)).not.toBe(xml);
  expect(splitPage(change(xml))).toBeUndefined();
});
