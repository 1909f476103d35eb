import * as v from "valibot";
import { JitError } from "../../error.ts";
import { canonicalJson, parseStrictJson } from "../canonical.ts";
import { isSha256Hex } from "../digest.ts";
import { parsePublicJwk, thumbprint } from "../jwk.ts";
import { namePattern } from "../target.ts";
import { findHostile } from "../text.ts";
import type { PublicJwk, Trust } from "../types.ts";
import { revokedKeys } from "./revoked-keys.ts";
import { isVerifierKey } from "./verifier-key.ts";

/** A person, for people to read. */
const name = v.pipe(
  v.string(),
  v.maxLength(200),
  v.check((text) => text !== "" && text.trim() === text && findHostile(text) === undefined, "is no name"),
);

const verifierKeys = v.pipe(
  v.array(v.pipe(v.string(), v.check(isVerifierKey, "is no C2SP verifier key"))),
  v.check((all) => isDistinct(all), "names one twice"),
);

/** Ed25519 of a file, or P-256, which KMS has for files of any size. */
const administratorKey = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, PublicJwk>(({ dataset, addIssue, NEVER }) => {
    try {
      return parsePublicJwk(dataset.value);
    } catch {
      addIssue({ message: "is no public key of Ed25519 or P-256" });
      return NEVER;
    }
  }),
);

/** Members of RFC 7518, sections 6.2.2, 6.3.2 and 6.4, that nobody but the holder may see. */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

const publicKey = v.pipe(
  v.record(v.pipe(v.string(), v.maxLength(64)), v.pipe(v.string(), v.maxLength(4096))),
  v.check(({ kty }) => kty === "RSA" || kty === "EC" || kty === "OKP", "is no public key"),
  v.check((key) => !privateMembers.some((member) => member in key), "holds a private key"),
);

const schema = v.pipe(
  v.strictObject({
    v: v.literal(1),
    organization: v.pipe(v.string(), v.regex(namePattern, "is no name of an organization")),
    version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    previous: v.string(),
    threshold: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    administrators: v.pipe(
      v.array(v.strictObject({ name, key: administratorKey })),
      v.minLength(1),
      v.maxLength(64),
      v.check((all) => isDistinct(all.map((one) => one.name)), "names somebody twice"),
      v.check((all) => isDistinct(all.map(({ key }) => thumbprint(key))), "has a key twice"),
    ),
    logKeys: verifierKeys,
    witnesses: verifierKeys,
    tokenIssuers: v.pipe(
      v.array(
        v.strictObject({
          issuer: v.pipe(v.string(), v.check(isIssuer, "is no issuer")),
          keys: v.array(publicKey),
        }),
      ),
      v.check((all) => isDistinct(all.map(({ issuer }) => issuer)), "names an issuer twice"),
    ),
    sessionNameRoles: v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,576}$/))),
      v.check((all) => isDistinct(all), "names a role twice"),
    ),
    refusePathOnly: v.boolean(),
    revokedKeys: v.exactOptional(revokedKeys),
  }),
  v.check(
    ({ threshold, administrators }) => threshold <= administrators.length,
    "asks for too many signatures",
  ),
  v.check(
    ({ version, previous }) => (version === 1 ? previous === "-" : isSha256Hex(previous)),
    "does not name the version before as it must",
  ),
);

/**
 * The payload of a trust file: RFC 8785 canonical JSON of `Trust` and no second spelling of it.
 * @throws JitError `TRUST_INVALID`, naming the place
 */
export function parseTrust(payload: Uint8Array): Trust {
  let value: unknown;
  try {
    value = parseStrictJson(payload);
  } catch (cause) {
    throw new JitError("TRUST_INVALID", "the trust file is no JSON", { cause });
  }
  const trust = checkTrust(value);
  if (Buffer.compare(canonicalJson(trust), payload) !== 0) {
    throw new JitError("TRUST_INVALID", "the trust file is not canonical JSON (RFC 8785)");
  }
  return trust;
}

/**
 * What a trust file must hold.
 * @throws JitError `TRUST_INVALID`, naming the place
 */
export function checkTrust(value: unknown): Trust {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue) ?? "it";
  throw new JitError("TRUST_INVALID", `the trust file is not right: ${place}: ${issue.message}`);
}

/** An identifier (RFC 8414, section 2), never fetched; the sandbox's is `http:`. */
function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && text.length <= 255 && /^[!-~]+$/.test(text);
}

function isDistinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
