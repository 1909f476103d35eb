import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { hmac, sha256Hex, signingKey, stringToSign } from "../../src/sandbox/sigv4.ts";
import type { Ended, SandboxProcess } from "./jit.ts";

/** What is in the sandbox's audit bucket, and what its CloudTrail says: does each session that was made have a record? */

export interface Kept {
  readonly type: string;
  readonly request: string;
  readonly accessKeyId: string | undefined;
  readonly code: string | undefined;
  readonly step: string | undefined;
}

const region = "eu-central-1";

/** Records never change, so each is read once. */
const alreadyRead = new WeakMap<SandboxProcess, Map<string, Kept>>();

/** Every record, by name: hour, request, then as written. */
export async function recordsOf(sandbox: SandboxProcess): Promise<readonly Kept[]> {
  const { id, secret } = await keysOf(sandbox);
  const s3 = new S3Client({
    region,
    endpoint: sandbox.url,
    forcePathStyle: true,
    credentials: { accessKeyId: id, secretAccessKey: secret },
  });
  const Bucket = "jit-audit";
  const kept: Kept[] = [];
  const read = alreadyRead.get(sandbox) ?? new Map<string, Kept>();
  alreadyRead.set(sandbox, read);
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: "v1/rec/", ...(token ? { ContinuationToken: token } : {}) }),
    );
    for (const { Key = "" } of page.Contents ?? []) {
      const before = read.get(Key);
      if (before !== undefined) {
        kept.push(before);
        continue;
      }
      const reply = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const { payload } = JSON.parse((await reply.Body?.transformToString()) ?? "{}");
      const record: Kept = JSON.parse(Buffer.from(payload, "base64url").toString());
      read.set(Key, record);
      kept.push(record);
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  s3.destroy();
  return kept;
}

/**
 * Sessions that STS made and that no record accounts for. An issue or abort record names the key; where the reply was
 * lost nobody knows it, and the abort says at least that AssumeRole was under way.
 */
export async function unrecordedSessions(sandbox: SandboxProcess): Promise<readonly string[]> {
  const records = await recordsOf(sandbox);
  return (await assumedRoles(sandbox))
    .filter(({ request, accessKeyId }) => {
      const own = records.filter((record) => record.request === request);
      return !(
        own.some(({ type }) => type === "request") &&
        own.some(
          ({ type, ...of }) =>
            ((type === "issue" || type === "abort") && of.accessKeyId === accessKeyId) ||
            (type === "abort" && of.step === "assumeRole" && of.accessKeyId === "-"),
        )
      );
    })
    .map(({ request, accessKeyId }) => `${request} ${accessKeyId}`);
}

/** Sessions of store roles that CloudTrail knows of. */
export async function assumedRoles(
  sandbox: SandboxProcess,
): Promise<readonly { request: string; accessKeyId: string }[]> {
  const found: { request: string; accessKeyId: string }[] = [];
  let NextToken: string | undefined;
  do {
    const reply = await lookup(sandbox, { NextToken });
    for (const { CloudTrailEvent } of reply.Events) {
      const event = JSON.parse(CloudTrailEvent);
      if (event.errorCode !== undefined || !event.requestParameters.roleArn.includes(":role/pii-")) continue;
      found.push({
        request: event.requestParameters.roleSessionName.replace(/^jit-/, ""),
        accessKeyId: event.responseElements.credentials.accessKeyId,
      });
    }
    NextToken = reply.NextToken;
  } while (NextToken !== undefined);
  return found;
}

interface Lookup {
  readonly Events: readonly { readonly CloudTrailEvent: string }[];
  readonly NextToken?: string;
}

/** Signed by hand: the project needs no client of CloudTrail otherwise. */
async function lookup(sandbox: SandboxProcess, more: { NextToken: string | undefined }): Promise<Lookup> {
  const { id, secret } = await keysOf(sandbox);
  const LookupAttributes = [{ AttributeKey: "EventName", AttributeValue: "AssumeRole" }];
  const body = JSON.stringify({ LookupAttributes, ...more });
  // Refused, but dated by the sandbox's clock, and no fault is for it.
  const { headers: first } = await fetch(`${sandbox.url}/_sandbox/clock`);
  const timestamp = `${new Date(first.get("date") ?? "").toISOString().replace(/[-:]|\.\d+/g, "")}`;
  const date = timestamp.slice(0, 8);
  const host = new URL(sandbox.url).host;
  const headers = new Map([
    ["host", host],
    ["x-amz-date", timestamp],
    ["x-amz-target", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"],
  ]);
  const scope = `${date}/${region}/cloudtrail/aws4_request`;
  const names = [...headers.keys()];
  const canonical = [
    "POST",
    "/",
    "",
    ...[...headers].map(([name, value]) => `${name}:${value}`),
    "",
    names.join(";"),
    sha256Hex(body),
  ].join("\n");
  const signature = hmac(
    signingKey(secret, date, region, "cloudtrail"),
    stringToSign(timestamp, scope, canonical),
  ).toString("hex");
  const reply = await fetch(sandbox.url, {
    method: "POST",
    body,
    headers: {
      ...Object.fromEntries([...headers].filter(([name]) => name !== "host")),
      "content-type": "application/x-amz-json-1.1",
      authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
    },
  });
  if (!reply.ok) throw new Error(`LookupEvents: ${reply.status} ${await reply.text()}`);
  return (await reply.json()) as Lookup;
}

const known = new WeakMap<SandboxProcess, { id: string; secret: string }>();

async function keysOf(sandbox: SandboxProcess): Promise<{ id: string; secret: string }> {
  const before = known.get(sandbox);
  if (before !== undefined) return before;
  const env = await sandbox.environmentOf("auditor");
  const keys = {
    id: String(env["AWS_ACCESS_KEY_ID"]),
    secret: String(env["AWS_SECRET_ACCESS_KEY"]),
  };
  known.set(sandbox, keys);
  return keys;
}

/** The error that `jit … --json` printed as the last line of its standard error. */
export function errorOf({ stderr }: Ended): { code: string; message: string; hint?: string } {
  const line = stderr.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line).error;
  } catch {
    throw new Error(`no error as JSON: ${stderr}`);
  }
}

/** Ended as an error must: its code, its exit, something to do about it, and nothing that looks like credentials. */
export function expectError(ended: Ended, code: string, exit: number): void {
  const { hint, message, code: found } = errorOf(ended);
  expect({ exit: ended.code, code: found }).toEqual({ exit, code });
  expect(message).not.toBe("");
  expect(hint ?? "").not.toBe("");
  expectNoCredentials(ended);
}

export function expectNoCredentials({ stdout, stderr }: Ended): void {
  expect(stdout).toBe("");
  expect(stderr).not.toMatch(/ASIA[A-Z0-9]{12}|SecretAccessKey|SessionToken|AWS_SECRET_ACCESS_KEY=/);
}

/** Controls, and format characters: what hides, and what turns text around. */
const hostile = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** No character reached the terminal that could steer it or hide something there; line ends are jit's own. */
export function expectHarmless({ stdout, stderr }: Ended): void {
  expect(hostile.exec((stdout + stderr).replaceAll("\n", ""))?.[0]).toBeUndefined();
}
