import { JitError } from "../error.ts";
import { isId } from "./id.ts";
import { isHour } from "./time.ts";
import { type RecordType, recordTypes } from "./types.ts";

/** The prefix under which all records lie. */
export const recordPrefix = "v1/rec/";

/** A record's object name: `v1/rec/<hour>/<request id>/<aws:userid>/<key thumbprint>.<n>.<type>.jws`. */
export interface RecordKey {
  /** Hour of signing, UTC, `yyyymmddThh`. */
  readonly hour: string;
  /** Request id, or `-`. */
  readonly request: string;
  readonly userid: string;
  /** RFC 7638 thumbprint of the signing key, base64url, 43 characters. */
  readonly thumbprint: string;
  readonly n: number;
  readonly type: RecordType;
}

/** `aws:userid` of a user, a role session (`AROA…:session`), a root user or a federated user (`account:name`). */
const useridGrammar = /^[A-Za-z0-9]{12,128}(?::[A-Za-z0-9_+=,.@-]{1,64})?$/;
/** All of a name, but for whether its hour exists and its request is an id. */
const nameGrammar = new RegExp(
  `^v1/rec/([0-9T]{11})/([^/]+)/(${useridGrammar.source.slice(1, -1)})/` +
    `([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])\\.(0|[1-9][0-9]{0,15})\\.(${recordTypes.join("|")})\\.jws$`,
);

/** @throws JitError `KEY_NAME_INVALID` where a part breaks the grammar */
export function formatKey(key: RecordKey): string {
  const text = `${recordPrefix}${key.hour}/${key.request}/${key.userid}/${key.thumbprint}.${key.n}.${key.type}.jws`;
  parseKey(text);
  return text;
}

/** @throws JitError `KEY_NAME_INVALID` */
export function parseKey(text: string): RecordKey {
  const key = readKey(text);
  if (key === undefined) {
    throw new JitError("KEY_NAME_INVALID", "the object's name is not that of a record");
  }
  return key;
}

/** The parts of a record's name, or `undefined` for a name that breaks the grammar anywhere. */
export function readKey(text: string): RecordKey | undefined {
  const [, hour = "", request = "", userid = "", thumbprint = "", number, word] =
    nameGrammar.exec(text) ?? [];
  const type = recordTypes.find((known) => known === word);
  const n = Number(number);
  if (type === undefined || !Number.isSafeInteger(n) || (request !== "-" && !isId(request))) return undefined;
  // Names come by the hour, and whether one exists is the dearest of these questions.
  if (hour !== lastHour && !isHour(hour)) return undefined;
  lastHour = hour;
  return { hour, request, userid, thumbprint, n, type };
}

let lastHour = "";

/** Whether a text can be an `aws:userid` in a name. */
export function isUserid(text: string): boolean {
  return useridGrammar.test(text);
}

/** Whether a text has the form of an RFC 7638 SHA-256 thumbprint in its one spelling. */
export function isThumbprint(text: string): boolean {
  return /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text);
}

/**
 * Who may have put an object: the userid segment of a name, which the bucket's policy compares with the caller.
 * `-` where the name has no such segment. Text of a name that breaks the grammar is hostile: escape it in print.
 */
export function writerOf(text: string): string {
  const userid = text.startsWith(recordPrefix) ? text.slice(recordPrefix.length).split("/")[2] : undefined;
  return userid !== undefined && isUserid(userid) ? userid : "-";
}
