import { type Credentials, Secret, type Session } from "./types.ts";

/**
 * The text of one session's cache file: `{"v":1,"session":{…}}`, or where a keyring holds a key,
 * `{"v":1,"encrypted":{"iv","ciphertext","tag"}}` (base64url) whose plaintext is the first form (`cache-cipher.ts`).
 * What is not exactly of one form is a miss: readers get `undefined`, never half a session. Loads nothing.
 */
export interface Encrypted {
  readonly iv: string;
  readonly ciphertext: string;
  readonly tag: string;
}

export type Entry =
  | { readonly kind: "plain"; readonly session: Session }
  | { readonly kind: "encrypted"; readonly encrypted: Encrypted };

/** Holds the secrets in the clear: for the 0600 file and for the cipher, nothing else. */
export function printEntry(session: Session): string {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = session.credentials;
  return `${JSON.stringify({
    v: 1,
    session: {
      ...session,
      issuedAt: session.issuedAt.toISOString(),
      notAfter: session.notAfter.toISOString(),
      credentials: {
        accessKeyId,
        secretAccessKey: secretAccessKey.reveal(),
        sessionToken: sessionToken.reveal(),
        expiration: expiration.toISOString(),
      },
    },
  })}\n`;
}

export function printEncrypted(encrypted: Encrypted): string {
  return `${JSON.stringify({ v: 1, encrypted })}\n`;
}

export function parseEntry(text: string): Entry | undefined {
  const file = fieldsOf(parseJson(text));
  if (file?.["v"] !== 1) return undefined;
  const encrypted = fieldsOf(file["encrypted"]);
  if (encrypted !== undefined) {
    const { iv, ciphertext, tag } = encrypted;
    if (!isText(iv) || !isText(ciphertext) || !isText(tag)) return undefined;
    return { kind: "encrypted", encrypted: { iv, ciphertext, tag } };
  }
  const session = parseSession(fieldsOf(file["session"]));
  return session === undefined ? undefined : { kind: "plain", session };
}

type Fields = Readonly<Record<string, unknown>>;

function parseSession(of: Fields | undefined): Session | undefined {
  const identity = fieldsOf(of?.["identity"]);
  const credentials = parseCredentials(fieldsOf(of?.["credentials"]));
  if (of === undefined || identity === undefined || credentials === undefined) return undefined;
  const { request, requestHash, issueHash, targets, role, region, lease, policy, organization, catalog } = of;
  const { inputs, clockSkew, requestRecord, issueRecord, breakGlass } = of;
  const { arn, userid, account } = identity;
  const issuedAt = parseTime(of["issuedAt"]);
  const notAfter = parseTime(of["notAfter"]);
  if (
    !isText(request) ||
    !isText(requestHash) ||
    !isText(issueHash) ||
    !isTexts(targets) ||
    !isText(role) ||
    !(region === undefined || isText(region)) ||
    !(lease === undefined || isCount(lease)) ||
    !isText(policy) ||
    !isText(organization) ||
    !isText(catalog) ||
    !(inputs === undefined || isText(inputs)) ||
    !(requestRecord === undefined || isText(requestRecord)) ||
    !(issueRecord === undefined || isText(issueRecord)) ||
    !(breakGlass === undefined || breakGlass === true) ||
    !(clockSkew === undefined || Number.isSafeInteger(clockSkew)) ||
    !isText(arn) ||
    !isText(userid) ||
    !isText(account) ||
    issuedAt === undefined ||
    notAfter === undefined
  ) {
    return undefined;
  }
  return {
    request,
    requestHash,
    issueHash,
    targets,
    role,
    region,
    issuedAt,
    notAfter,
    lease,
    policy,
    identity: { arn, userid, account },
    organization,
    catalog,
    credentials,
    ...(inputs === undefined ? {} : { inputs }),
    ...(breakGlass === true ? { breakGlass } : {}),
    ...(requestRecord === undefined ? {} : { requestRecord }),
    ...(issueRecord === undefined ? {} : { issueRecord }),
    ...(typeof clockSkew === "number" ? { clockSkew } : {}),
  };
}

function parseCredentials(of: Fields | undefined): Credentials | undefined {
  if (of === undefined) return undefined;
  const { accessKeyId, secretAccessKey, sessionToken } = of;
  const expiration = parseTime(of["expiration"]);
  if (!isText(accessKeyId) || !isText(secretAccessKey) || !isText(sessionToken) || expiration === undefined) {
    return undefined;
  }
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: new Secret(sessionToken),
    expiration,
  };
}

/** The value of a JSON text, or `undefined` where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The members of a JSON object, or `undefined` where the value is none. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function parseTime(value: unknown): Date | undefined {
  if (!isText(value) || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(value)) return undefined;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
