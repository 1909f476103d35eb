// A log as an organization leaves it, written straight as a mirror: requests, issues, renewals and ends of a few hundred
// writers over days, sealed every hour, cosigned by one witness every day. `node scripts/generate-log.js DIR RECORDS [DAYS]`
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { resolve } from "node:path";

import { canonicalJson } from "../src/access/canonical.ts";
import { parseCatalog } from "../src/access/catalog/parse.ts";
import { thumbprint } from "../src/access/jwk.ts";
import { compileSessionPolicy } from "../src/access/policy/compile.ts";
import { findTargets } from "../src/access/target.ts";
import { signCatalog } from "../src/access/trust/catalog-file.ts";
import { makeTrust, readTrust, signTrust, trustDigest } from "../src/access/trust/trust-file.ts";
import {
  cosignature,
  formatVerifierKey,
  noteSignature,
  verifierKey,
} from "../src/access/trust/verifier-key.ts";
import { makeId } from "../src/audit/id.ts";
import { MirrorWriter } from "../src/audit/mirror/copy.ts";
import { compareNames } from "../src/audit/name-order.ts";
import { generateKey, localSigner } from "../src/audit/signer.ts";
import { formatTime, hourOf } from "../src/audit/time.ts";
import { maximumBatch, writeBatch } from "../src/audit/tree/batch.ts";
import { TreeBuilder } from "../src/audit/tree/builder.ts";
import { formatTreeHead } from "../src/audit/tree/checkpoint.ts";
import { writeLeaf } from "../src/audit/tree/leaf.ts";
import { cosignNote, formatNote, formatSignature, signNote } from "../src/audit/tree/note.ts";
import {
  batchName,
  checkpointName,
  cosignatureName,
  keptCheckpoint,
  tileName,
} from "../src/audit/tree/places.ts";
import { sandboxCatalog } from "../src/cli/sandbox-catalog.ts";
import { mirrorFolder } from "../src/local/mirror-folder.ts";

const hour = 3600;
const start = Date.parse("2026-09-01T00:00:00Z") / 1000;

/** @returns the organization as `JIT_ORGANIZATION` takes it, and how many records there are */
export async function generateLog({ folder, records, days = 30, writers = 300, tell = () => {} }) {
  const keys = {
    admin: localSigner(generateKey()),
    log: localSigner(generateKey()),
    witness: localSigner(generateKey()),
  };
  const raw = ({ publicKey }) => Buffer.from(publicKey.x, "base64url");
  const logKey = verifierKey("jit-audit.s3.eu-central-1.amazonaws.com/v1/tree", noteSignature, raw(keys.log));
  const witnessKey = verifierKey("witness.example/acme", cosignature, raw(keys.witness));
  const trustFile = await signTrust(
    makeTrust({
      organization: "acme",
      threshold: 1,
      administrators: [{ name: "admin", key: keys.admin.publicKey }],
      logKeys: [formatVerifierKey(logKey)],
      witnesses: [formatVerifierKey(witnessKey)],
      tokenIssuers: [],
    }),
    keys.admin,
  );
  const fingerprint = trustDigest(readTrust(trustFile).trust);
  const yaml = Buffer.from(sandboxCatalog);
  const digest = createHash("sha256").update(yaml).digest("hex");
  const signed = await signCatalog(yaml, keys.admin);
  const people = peopleOf(writers, fingerprint, parseCatalog(yaml, digest));

  const before = [
    [`v1/catalog/${digest}.jws`, signed],
    ["v1/catalog/current.jws", signed],
  ].map(([key, bytes]) => stored(key, bytes, start));
  const writer = new MirrorWriter(mirrorFolder(resolve(folder)));
  writer.add(before.sort(byName));

  const tree = [];
  const builder = new TreeBuilder();
  const publish = async (leaves, at) => {
    for (let i = 0; i < leaves.length; i += maximumBatch) {
      const batch = leaves.slice(i, i + maximumBatch);
      tree.push(stored(batchName(builder.size), writeBatch(batch), at));
      const tiles = batch.flatMap((leaf) => builder.append(writeLeaf(leaf)));
      for (const tile of [...tiles, ...builder.partial()]) tree.push(stored(tileName(tile), tile.bytes, at));
      const text = formatTreeHead({ origin: logKey.name, size: builder.size, root: builder.root() });
      const note = formatNote({ text, signatures: [await signNote(text, logKey, keys.log)] });
      tree.push(stored(keptCheckpoint(builder.size), note, at));
      last = { text, note, at, size: builder.size };
    }
  };
  let last;
  let cosigned = 0;
  const witnessed = async () => {
    if (last === undefined || last.size === cosigned) return;
    cosigned = last.size;
    const line = formatSignature(await cosignNote(last.text, witnessKey, keys.witness, last.at + 60));
    tree.push(stored(cosignatureName(last.size, witnessKey.id), Buffer.from(line), last.at + 60));
  };

  const perHour = records / (days * 24);
  const actions = new Actions();
  let made = 0;
  let asked = 0;
  for (let h = 0; made < records; h++) {
    const end = start + (h + 1) * hour;
    // Three records a request, so that the wanted number is reached in the wanted days.
    for (; asked < (perHour * (h + 1)) / 3 && h < days * 24; asked++)
      actions.add(start + h * hour + Math.floor(Math.random() * hour), {
        ask: people[asked % people.length],
      });
    const objects = [];
    for (let action = actions.next(end); action !== undefined && made < records; action = actions.next(end)) {
      const put = (record) => {
        objects.push(record);
        made++;
      };
      act(action.what, action.at, actions, put);
    }
    writer.add(objects.sort(byName).map(({ object, bytes }) => ({ object, bytes })));
    const arrivals = objects.toSorted(
      (a, b) => a.object.lastModified - b.object.lastModified || byName(a, b),
    );
    await publish(arrivals.map(leafOf), end + 300);
    if (h % 24 === 23) await witnessed();
    tell(made);
  }
  await witnessed();
  tree.push(stored(checkpointName, last.note, last.at));
  for (const one of tree.sort(byName)) writer.add([one]);
  writer.add([stored("v1/trust/1.json", trustFile, start)]);
  writer.finish();
  return { organization: `s3://jit-audit#${fingerprint}`, records: made };
}

function peopleOf(count, log, catalog) {
  return Array.from({ length: count }, (_, i) => {
    const name = `person${String(i).padStart(3, "0")}`;
    const { privateKey } = generateKeyPairSync("ed25519");
    const { kty, crv, x } = privateKey.export({ format: "jwk" });
    const jwk = { kty, crv, x };
    const kid = thumbprint(jwk);
    const header = encode(canonicalJson({ alg: "Ed25519", kid, typ: "jit-record+jws" }));
    const userid = `AROAEXAMPLEEXAMPLE123:${name}`;
    const by = {
      arn: `arn:aws:sts::111111111111:assumed-role/Developer/${name}`,
      userid,
      account: "111111111111",
    };
    return { name, privateKey, jwk, kid, header, by, log, catalog, n: 0, prev: "-" };
  });
}

/** Signs the next record of a writer's chain. */
function record(person, at, type, request, body) {
  const nonce = encode(randomBytes(16));
  const id = makeId(at * 1000 + 250, person.kid, nonce);
  const { log, n, prev, by, kid } = person;
  const time = formatTime(new Date(at * 1000));
  const head = {
    v: 1,
    log,
    type,
    id,
    nonce,
    request: request ?? id,
    n,
    prev,
    at: time,
    by,
    client: "jit/0.1.0",
  };
  const payload = canonicalJson({ ...head, catalog: person.catalog.digest, seen: "-", ...body });
  const text = encode(payload);
  const signature = encode(sign(null, Buffer.from(`${person.header}.${text}`), person.privateKey));
  const bytes = Buffer.from(
    `{"payload":"${text}","protected":"${person.header}","signature":"${signature}"}`,
  );
  person.n++;
  person.prev = createHash("sha256").update(bytes).digest("hex");
  const key = `v1/rec/${hourOf(time)}/${head.request}/${by.userid}/${kid}.${n}.${type}.jws`;
  return { ...stored(key, bytes, at + 1), sha256: person.prev, id };
}

/** What a person, or a machine of theirs, does next. */
function act({ ask, issue, end }, at, actions, put) {
  if (ask !== undefined) {
    if (ask.n === 0) put(record(ask, at, "enrol", "-", { key: ask.jwk, statement: "-" }));
    const targets = [Math.random() < 0.5 ? "customers:read" : "orders:read"];
    const [{ store }] = findTargets(ask.catalog, targets);
    const request = record(ask, at, "request", undefined, {
      ...{ targets, role: store.role, issuer: "requester", duration: 1800, purpose: "support" },
      reason: { text: `Customer ${Math.floor(Math.random() * 1e6)} cannot log in, checking the profile` },
      ticket: { text: `SUP-${Math.floor(Math.random() * 1e5)}` },
      ...{ attested: {}, claimed: { host: `laptop-${ask.name}`, "os.user": ask.name }, sealTo: "-" },
    });
    put(request);
    actions.add(at + 2, { issue: { person: ask, request, targets, role: store.role, renews: "-" } });
  } else if (issue !== undefined) {
    const { person, request, targets, role, renews } = issue;
    const ends = issue.notAfter ?? at + 1800;
    const notAfter = formatTime(new Date(ends * 1000));
    const found = findTargets(person.catalog, targets);
    const policy = compileSessionPolicy({ targets: found, notAfter: new Date(ends * 1000) }).text;
    const issued = record(person, at, "issue", request.id, {
      ...{ requestHash: request.sha256, decisions: [], renews, role, sessionName: `jit-${request.id}` },
      ...{
        sourceIdentity: person.name,
        tags: { "jit:request": request.id, "jit:access": targets.join(" ") },
      },
      accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
      assumedRoleId: `AROASTOREROLE00000001:jit-${request.id}`,
      ...{ durationSeconds: ends - at, expiration: notAfter, notAfter, policy },
      policySha256: createHash("sha256").update(policy).digest("hex"),
      ...{ packed: 4, sealed: "-" },
    });
    put(issued);
    const isRenewed = renews === "-" && Math.random() < 0.1;
    if (isRenewed) actions.add(at + 600, { issue: { ...issue, renews: issued.sha256, notAfter: ends } });
    else if (Math.random() < 0.95)
      actions.add(at + 30 + Math.floor(Math.random() * 900), { end: { person, request, issued } });
  } else {
    const { person, request, issued } = end;
    put(
      record(person, at, "end", request.id, {
        ...{ requestHash: request.sha256, issueHash: issued.sha256 },
        ...{ outcome: "completed", exitCode: 0, seconds: 3, command: "-" },
      }),
    );
  }
}

/** What is to be done, by time: a heap. */
class Actions {
  #items = [];

  add(at, what) {
    const items = this.#items;
    let i = items.push({ at, what }) - 1;
    for (let up = (i - 1) >> 1; i > 0 && items[up].at > items[i].at; i = up, up = (i - 1) >> 1)
      [items[up], items[i]] = [items[i], items[up]];
  }

  /** The first that is due before a time, taken out. */
  next(before) {
    const items = this.#items;
    const [first] = items;
    if (first === undefined || first.at >= before) return undefined;
    const moved = items.pop();
    if (items.length === 0) return first;
    items[0] = moved;
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      let least = i;
      if (left < items.length && items[left].at < items[least].at) least = left;
      if (right < items.length && items[right].at < items[least].at) least = right;
      if (least === i) return first;
      [items[least], items[i]] = [items[i], items[least]];
      i = least;
    }
  }
}

function stored(key, bytes, at) {
  const lastModified = new Date(at * 1000);
  const versionId = encode(randomBytes(24));
  return { object: { key, versionId, size: bytes.length, lastModified, isDeleteMarker: false }, bytes };
}

function leafOf({ object, sha256 }) {
  const { key, versionId, lastModified } = object;
  const serverTime = formatTime(lastModified);
  const lockedUntil = formatTime(new Date(lastModified.getTime() + 365 * 24 * hour * 1000));
  return { key, versionId, sha256, serverTime, lockedUntil, fault: "-" };
}

function byName({ object: one }, { object: other }) {
  return compareNames(one.key, other.key);
}

function encode(bytes) {
  return Buffer.from(bytes).toString("base64url");
}

if (process.argv[1] === import.meta.filename) {
  const [folder, records, days] = process.argv.slice(2);
  const made = await generateLog({
    ...{ folder, records: Number(records), days: Number(days ?? 30) },
    tell: (count) => process.stderr.isTTY && process.stderr.write(`\r${count}`),
  });
  console.log(JSON.stringify(made));
}
