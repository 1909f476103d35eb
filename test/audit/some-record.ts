import fc from "fast-check";

/** Records of usual values, each by its own format alone: what members have to do with each other is left to others. */

const letters = (alphabet: string, minLength: number, maxLength = minLength) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const upper = "ABCDEFGHJKMNPQRSTVWXYZ";
const small = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const base64url = `${upper}ILOU${small}${digits}-_`;
const hash = letters("0123456789abcdef", 64);
const id = fc.tuple(letters("01234567", 1), letters(digits + upper, 25)).map((parts) => parts.join(""));
const nonce = fc.tuple(letters(base64url, 21), fc.constantFrom(..."AQgw")).map((parts) => parts.join(""));
const coordinate = fc
  .tuple(letters(base64url, 42), fc.constantFrom(..."AEIMQUYcgkosw048"))
  .map((parts) => parts.join(""));
const time = fc
  .date({ min: new Date("1970-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
  .map((date) => `${date.toISOString().slice(0, 19)}Z`)
  .filter((text) => text.slice(5, 10) !== "02-29");
/** As the root of a checkpoint is spelt. */
const toBase64 = (text: string) => `${text.replaceAll("-", "+").replaceAll("_", "/")}=`;
const orNone = <T>(some: fc.Arbitrary<T>) => fc.oneof(fc.constant("-" as const), some);
const unit = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) },
  { weight: 1, arbitrary: fc.constantFrom(..."äöüßéñ€“”—顧客Жλ") },
);
const text = (maxLength: number, minLength = 1) => fc.string({ unit, minLength, maxLength });
const sealedText = (most: number) =>
  fc.oneof(fc.record({ text: text(most) }), fc.record({ sha256: hash, salt: nonce }));
const word = fc
  .tuple(letters(small + digits, 1), letters(`${small}${upper}${digits}._-`, 0, 20))
  .map((parts) => parts.join(""));
const name = fc
  .tuple(letters(small + upper, 1), letters(`${small}${digits}._:/-`, 0, 12))
  .map((parts) => parts.join(""));
const ownNames = fc.oneof(text(20), letters(digits, 1, 2)).filter((one) => !/^\d+$|["\\]/.test(one));
const texts = (names: fc.Arbitrary<string>, most: number) =>
  fc.dictionary(names, text(40, 0), { maxKeys: most });
const session = letters(`${small}${upper}${digits}_+=,.@-`, 2, 64);
const userid = fc.oneof(
  letters(upper + digits, 12, 24),
  fc.tuple(letters(upper + digits, 21), session).map((parts) => parts.join(":")),
);
const role = fc
  .tuple(fc.constantFrom("aws", "aws-us-gov"), letters(digits, 12), letters(`${small}/+=,.@_-`, 1, 60))
  .map(([partition, account, path]) => `arn:${partition}:iam::${account}:role/${path}`);
const accessKeyId = letters(upper + digits, 16, 24);
const errorCode = letters(upper, 1, 20);
const part = letters(base64url, 1, 60);

const head = {
  v: fc.constant(1 as const),
  log: fc.oneof(hash, fc.constant("unsigned")),
  id,
  nonce,
  request: id,
  n: fc.integer({ min: 1, max: 1e14 }),
  prev: hash,
  at: time,
  by: fc.record({
    arn: fc.oneof(
      session.map((name) => `arn:aws:sts::111111111111:assumed-role/Developer/${name}`),
      session.map((name) => `arn:aws-us-gov:iam::111111111111:user/${name}`),
    ),
    userid,
    account: letters(digits, 12),
  }),
  client: word.map((version) => `jit/${version.replaceAll("_", "-")}`),
  catalog: hash,
  seen: orNone(fc.record({ size: fc.nat(1e9), root: coordinate.map(toBase64) })),
};

const decision = { requestHash: hash, comment: orNone(sealedText(100)) };

const bodies = {
  request: {
    targets: fc
      .uniqueArray(
        fc.tuple(word, word).map((parts) => parts.join(":")),
        { minLength: 1, maxLength: 5 },
      )
      .map((list) => list.sort()),
    role,
    issuer: fc.constantFrom("requester", "approver"),
    duration: fc.integer({ min: 1, max: 1e6 }),
    purpose: text(40),
    reason: sealedText(300),
    ticket: orNone(sealedText(40)),
    attested: texts(name, 64),
    claimed: texts(name, 64),
    sealTo: orNone(
      fc.oneof(
        coordinate.map((x) => ({ kty: "OKP", crv: "X25519", x })),
        fc.tuple(coordinate, coordinate).map(([x, y]) => ({ kty: "EC", crv: "P-256", x, y })),
      ),
    ),
  },
  approval: decision,
  denial: decision,
  issue: {
    requestHash: hash,
    decisions: fc.array(hash, { maxLength: 4 }),
    renews: orNone(hash),
    role,
    sessionName: session,
    sourceIdentity: orNone(session),
    tags: texts(ownNames, 50),
    accessKeyId,
    assumedRoleId: userid,
    durationSeconds: fc.integer({ min: 1, max: 1e6 }),
    expiration: time,
    notAfter: time,
    policy: text(400),
    policySha256: hash,
    packed: fc.integer({ min: -1, max: 100 }),
    sealed: orNone(fc.tuple(part, letters(base64url, 0), part, part, part).map((parts) => parts.join("."))),
  },
  end: {
    requestHash: hash,
    issueHash: hash,
    outcome: fc.constantFrom("completed", "forgotten"),
    exitCode: fc.integer({ min: -1, max: 255 }),
    seconds: fc.integer({ min: -1, max: 1e6 }),
    command: orNone(hash),
  },
  abort: {
    requestHash: hash,
    code: errorCode,
    step: letters(small, 1, 20),
    accessKeyId: orNone(accessKeyId),
  },
  revoke: { requestHash: hash, role, sessionName: session, reason: text(100) },
  review: {
    requestHash: hash,
    verdict: fc.constantFrom("justified", "unjustified"),
    comment: sealedText(100),
  },
  notice: {
    requestHash: hash,
    event: fc.constantFrom("pending", "approved", "denied", "issued", "breakGlass", "revoked"),
    to: text(60),
    code: errorCode,
  },
};

/** @param type any but `enrol` */
export function someRecord(type: keyof typeof bodies): fc.Arbitrary<Record<string, unknown>> {
  const members: Record<string, fc.Arbitrary<unknown>> = { ...head, ...bodies[type] };
  return fc.record({ ...members, type: fc.constant(type) }, { noNullPrototype: true });
}
