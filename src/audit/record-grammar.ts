import { plainCharacter } from "../access/text.ts";
import type { Bodies, RecordHead, RecordType } from "./types.ts";

/**
 * The one spelling (RFC 8785) of plainly good records, as one regular expression for each type but `enrol`. But for the order of
 * targets and of names that anybody chose it takes nothing that `record.ts` does not, and nearly all that it does: a format may
 * be narrower here than in `record-parts.ts`, and never wider.
 */

const plain = plainCharacter();
type Members = Readonly<Record<string, string>>;
const inOrder = (members: Members) =>
  Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1));

/** Characters of a text that stand for themselves, or `\"` or `\\`, each of them one UTF-16 code unit. */
const text = (longest: number, shortest = 1) => `"(?:${plain}|\\\\["\\\\]){${shortest},${longest}}"`;
const orNone = (pattern: string) => `(?:${pattern}|"-")`;
const oneOf = (...words: readonly string[]) => `"(?:${words.join("|")})"`;
const object = (members: Members) =>
  `\\{${inOrder(members)
    .map(([name, pattern]) => `"${name}":${pattern}`)
    .join(",")}\\}`;
const many = (item: string, most: number) => `${item}(?:,${item}){0,${most - 1}}`;

/** Up to 15 digits, which any safe integer may have. */
const natural = "(?:0|[1-9][0-9]{0,14})";
const positive = (digits: number) => `[1-9][0-9]{0,${digits - 1}}`;
const sha256 = '"[0-9a-f]{64}"';
const id = '"[0-7][0-9A-HJKMNP-TV-Z]{25}"';
const nonce = '"[A-Za-z0-9_-]{21}[AQgw]"';
const coordinate = '"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"';
/** Every day but the 29th of February. */
const day =
  "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)";
const time = `"[0-9]{4}-${day}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"`;
/** Visible ASCII that JSON need not escape. */
const visible = "[!#-[\\]-~]";
const account = "[0-9]{12}";
/** 2,048 characters at most, those before them too. */
const role = `"arn:[a-z0-9-]{1,32}:iam::${account}:role/${visible}{1,1900}"`;
const userid = '"[A-Za-z0-9]{12,128}(?::[A-Za-z0-9_+=,.@-]{1,64})?"';
const sessionName = '"[A-Za-z0-9_+=,.@-]{2,64}"';
const accessKeyId = '"[A-Za-z0-9_]{16,128}"';
const word = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";
const errorCode = '"[A-Z][A-Z0-9_]{0,63}"';
const sealedText = (longest: number) =>
  `(?:${object({ text: text(longest) })}|${object({ sha256, salt: nonce })})`;
/** Names that a schema steps over in silence are none here. */
const texts = (name: string, longest: number, most: number) =>
  `\\{(?:${many(`"(?!(?:constructor|prototype|__proto__)")${name}":${text(longest, 0)}`, most)})?\\}`;
const circumstances = texts("[A-Za-z][A-Za-z0-9._:/-]{0,127}", 2048, 64);

const head: { readonly [Name in Exclude<keyof RecordHead, "type">]: string } = {
  v: "1",
  log: `(?:"unsigned"|${sha256})`,
  id,
  nonce,
  request: orNone(id),
  n: natural,
  prev: orNone(sha256),
  at: time,
  by: object({
    arn: `"arn:[a-z0-9-]{1,32}:(?:iam|sts)::${account}:${visible}{1,1900}"`,
    userid,
    account: `"${account}"`,
  }),
  client: '"[a-z][a-z0-9._-]{0,63}/[0-9A-Za-z.+-]{1,64}"',
  catalog: sha256,
  seen: orNone(object({ size: natural, root: '"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="' })),
};

const decision = { requestHash: sha256, comment: orNone(sealedText(8192)) };

type Told = Exclude<RecordType, "enrol">;

const bodies: { readonly [Type in Told]: { readonly [Name in keyof Bodies[Type]]: string } } = {
  request: {
    targets: `\\[${many(`"${word}:${word}"`, 64)}\\]`,
    role,
    issuer: oneOf("requester", "approver", "broker"),
    duration: positive(7),
    purpose: text(1024),
    reason: sealedText(8192),
    ticket: orNone(sealedText(1024)),
    attested: circumstances,
    claimed: circumstances,
    sealTo: orNone(
      `(?:${object({ kty: '"OKP"', crv: '"X25519"', x: coordinate })}|` +
        `${object({ kty: '"EC"', crv: '"P-256"', x: coordinate, y: coordinate })})`,
    ),
  },
  approval: decision,
  denial: decision,
  issue: {
    requestHash: sha256,
    decisions: `\\[(?:${many(sha256, 64)})?\\]`,
    renews: orNone(sha256),
    role,
    sessionName,
    sourceIdentity: orNone(sessionName),
    tags: texts(`${plain}{1,128}`, 256, 50),
    accessKeyId,
    assumedRoleId: userid,
    durationSeconds: positive(7),
    expiration: time,
    notAfter: time,
    policy: text(2048),
    policySha256: sha256,
    packed: "(?:-1|0|[1-9][0-9]{0,2})",
    sealed: orNone('"[A-Za-z0-9_-]{1,4000}(?:\\.[A-Za-z0-9_-]{0,5000}){4}"'),
  },
  end: {
    requestHash: sha256,
    issueHash: sha256,
    outcome: oneOf("completed", "forgotten"),
    exitCode: `(?:-1|0|${positive(9)})`,
    seconds: `(?:-1|${natural})`,
    command: orNone(sha256),
  },
  abort: {
    requestHash: sha256,
    code: errorCode,
    step: '"[a-z][A-Za-z]{0,31}"',
    accessKeyId: orNone(accessKeyId),
  },
  revoke: { requestHash: sha256, role, sessionName, reason: text(1024) },
  review: { requestHash: sha256, verdict: oneOf("justified", "unjustified"), comment: sealedText(8192) },
  notice: {
    requestHash: sha256,
    event: oneOf("pending", "approved", "denied", "issued", "breakGlass", "revoked"),
    to: text(255),
    code: errorCode,
  },
};

export interface Grammar {
  readonly whole: RegExp;
  /** Names of the members that are captured, each as `"name":value`, in order. */
  readonly captured: readonly string[];
}

/**
 * @param type as a record names it, or anything else
 * @param isCaptured which members are
 */
export function grammarOf(type: string, isCaptured: (member: string) => boolean): Grammar | undefined {
  const body = Object.entries(bodies).find(([name]) => name === type)?.[1];
  if (body === undefined) return undefined;
  const members = inOrder({ ...head, ...body, type: `"${type}"` });
  const patterns = members.map(([name, pattern]) =>
    isCaptured(name) ? `("${name}":${pattern})` : `"${name}":${pattern}`,
  );
  const captured = members.map(([name]) => name).filter(isCaptured);
  return { whole: new RegExp(`^\\{${patterns.join(",")}\\}$`), captured };
}
