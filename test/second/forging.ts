import { encodeBase64url } from "../../src/access/base64url.ts";
import { canonicalJson } from "../../src/access/canonical.ts";
import { sha256Hex } from "../../src/access/digest.ts";
import { isId, makeId } from "../../src/audit/id.ts";
import { formatKey } from "../../src/audit/key.ts";
import { hourOf } from "../../src/audit/time.ts";
import type { RecordType, StoredRecord } from "../../src/audit/types.ts";
import type { World } from "../audit/threats/world.ts";
import { issueBody, requestBody, type TestWriter, time } from "../audit/writer.ts";

/** Records that no jit would sign, each signed by a key that is enrolled. */

export type Members = Record<string, unknown>;
export const role = "arn:aws:iam::444455556666:role/jit-customers";
export const digest = sha256Hex("x");

/** A good body of each type, about a request. */
export function bodyOf(
  type: RecordType,
  who: TestWriter,
  asked: StoredRecord<"request">,
  issueHash: string,
): Members {
  const now = who.clock.now();
  const requestHash = asked.sha256;
  switch (type) {
    case "enrol":
      return { key: who.signer.publicKey, statement: "-" };
    case "request":
      return { ...requestBody, role };
    case "issue":
      return { ...issueBody(asked, now) };
    case "end":
      return { requestHash, issueHash, outcome: "completed", exitCode: 0, seconds: 1, command: "-" };
    case "abort":
      return { requestHash, code: "X", step: "request", accessKeyId: "-" };
    case "revoke":
      return { requestHash, role, sessionName: "jit-x", reason: "because" };
    case "review":
      return { requestHash, verdict: "justified", comment: { text: "good" } };
    case "notice":
      return { requestHash, event: "issued", to: "host", code: "X" };
    default:
      return { requestHash, comment: "-" };
  }
}

export interface Place {
  readonly type: RecordType;
  readonly request: string;
  readonly n: number;
  readonly prev: string;
  /** Seconds that the writer's clock is before the bucket's. */
  readonly ahead?: number;
}

let nonces = 0;

/** The members of a record that nothing is wrong with but, perhaps, where it is. */
export function recordBy(
  who: TestWriter,
  { type, request, n, prev, ahead = 0 }: Place,
  body: Members,
): Members {
  const now = new Date(who.clock.now().getTime() + ahead * 1000);
  const nonce = encodeBase64url(Buffer.from(sha256Hex(String(nonces++)), "hex").subarray(0, 16));
  const id = makeId(now.getTime(), who.signer.thumbprint, nonce);
  const asked = type === "request" ? id : request;
  return { ...who.writer, v: 1, type, id, nonce, request: asked, n, prev, at: time(now), ...body };
}

/** Members in the order of RFC 8785, whatever else they are. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, inOrder(member)] as const);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface Spelling {
  readonly payload?: (text: string) => string | Uint8Array;
  readonly envelope?: (text: string) => string;
}

/** Signs whatever it is given, and puts it where it says. */
export async function put(
  w: World,
  who: TestWriter,
  place: Place,
  record: Members,
  spelling: Spelling = {},
): Promise<string> {
  const { payload: spell = (text: string) => text, envelope = (text: string) => text } = spelling;
  const { algorithm: alg, thumbprint } = who.signer;
  const head = encodeBase64url(canonicalJson({ alg, kid: thumbprint, typ: "jit-record+jws" }));
  const payload = Buffer.from(spell(JSON.stringify(inOrder(record)))).toString("base64url");
  const signature = encodeBase64url(await who.signer.sign(Buffer.from(`${head}.${payload}`)));
  const text = Buffer.from(canonicalJson({ payload, protected: head, signature })).toString();
  const bytes = Buffer.from(envelope(text));
  const { type, n } = place;
  const at = time(new Date(who.clock.now().getTime() + (place.ahead ?? 0) * 1000));
  const request = type === "request" ? String(record["id"]) : place.request;
  const { userid } = who.writer.by;
  const name = formatKey({
    hour: hourOf(at),
    request: isId(request) ? request : "-",
    userid,
    thumbprint,
    n,
    type,
  });
  if (!w.store.objects.has(name)) w.store.put(name, bytes);
  return sha256Hex(bytes);
}

export function pick<T>(list: readonly T[], at: number): T {
  const found = list[at % list.length];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}
