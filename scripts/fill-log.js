// Fills the audit bucket of a stopped sandbox (`jit sandbox --dir DIR`) with a day of valid records: requests, their sessions
// and their ends, by many writers.
import { createHash, hash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCatalog } from "../src/access/catalog/parse.ts";
import { compileSessionPolicy } from "../src/access/policy/compile.ts";
import { findTargets } from "../src/access/target.ts";
import { readSignedCatalog } from "../src/access/trust/catalog-file.ts";
import { appendRecord, enrolKey } from "../src/audit/append.ts";
import { generateKey, localSigner } from "../src/audit/signer.ts";
import { formatTime } from "../src/audit/time.ts";
import { MemoryChain } from "../test/support/memory-chain.ts";

const day = 86_400_000;
const random = { bytes: (count) => randomBytes(count) };

/**
 * @param options.directory the sandbox's
 * @param options.log the organization's fingerprint
 * @param options.records about so many, in the 24 hours before `until`; enrolments are older
 * @returns how many requests that are
 */
export async function fillLog({ directory, log, records, until, writers = 200 }) {
  const { yaml } = readSignedCatalog(readFileSync(join(directory, "jit.yaml.jws")));
  const catalog = parseCatalog(yaml, "jit.yaml");
  const targets = findTargets(catalog, ["customers:read"]);
  const { role } = targets[0].store;
  const clock = { at: until, now: () => clock.at };
  const at = (ms) => {
    clock.at = new Date(ms);
  };
  const store = shelf(join(directory, "s3", catalog.audit.bucket), catalog.audit.account, clock);
  const people = Array.from({ length: writers }, (_, number) => {
    const by = {
      account: "111122223333",
      arn: `arn:aws:sts::111122223333:assumed-role/Developer/person-${number}`,
      userid: `AROAEXAMPLEEXAMPLE123:person-${number}`,
    };
    return {
      store,
      chain: new MemoryChain(),
      signer: localSigner(generateKey("Ed25519", random)),
      clock,
      random,
      writer: { log, by, client: "jit/0.1.0", catalog: catalog.digest, seen: "-" },
      statement: async () => undefined,
    };
  });
  for (const [number, ports] of people.entries()) {
    at(until - 2 * day + (number % 20) * 3_600_000);
    await enrolKey(ports);
  }
  const requests = Math.floor(records / 3);
  const length = 300_000;
  for (let number = 0; number < requests; number += 1) {
    const ports = people[number % writers];
    const begin = until - day + length + Math.floor((number * (day - 2 * length)) / requests);
    at(begin);
    const request = await appendRecord(ports, { type: "request", body: () => wish(number, role) });
    at(begin + 2000);
    const of = { request: request.record.id };
    const issue = await appendRecord(ports, {
      ...of,
      type: "issue",
      body: () => session(request, targets, begin + 2000),
    });
    // A chain is in order of time: the same person asks again only after that.
    at(begin + Math.min(length, Math.floor(((day - 2 * length) * writers) / requests / 2)));
    await appendRecord(ports, { ...of, type: "end", body: () => end(request, issue) });
  }
  return requests;
}

function wish(number, role) {
  return {
    targets: ["customers:read"],
    role,
    issuer: "requester",
    duration: 1800,
    purpose: "support",
    reason: { text: `Customer ${number} cannot log in, checking the profile` },
    ticket: { text: `SUP-${number}` },
    attested: {},
    claimed: { host: `laptop-${number % 200}` },
    sealTo: "-",
  };
}

function session({ record, sha256 }, targets, at) {
  const { id, duration, role } = record;
  const notAfter = new Date(Math.floor(at / 1000) * 1000 + duration * 1000);
  const policy = compileSessionPolicy({ targets, notAfter }).text;
  return {
    requestHash: sha256,
    decisions: [],
    renews: "-",
    role,
    sessionName: `jit-${id}`,
    sourceIdentity: "-",
    tags: { "jit:request": id, "jit:access": record.targets.join(" ") },
    accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
    assumedRoleId: `AROASTOREROLE00000001:jit-${id}`,
    durationSeconds: duration,
    expiration: formatTime(notAfter),
    notAfter: formatTime(notAfter),
    policy,
    policySha256: hash("sha256", policy),
    packed: 4,
    sealed: "-",
  };
}

function end(request, issue) {
  return {
    requestHash: request.sha256,
    issueHash: issue.sha256,
    outcome: "completed",
    exitCode: 0,
    seconds: 120,
    command: "-",
  };
}

/** Objects as the sandbox keeps them (`src/sandbox/s3/directory.ts`). */
function shelf(folder, owner, clock) {
  let sequence = 1_000_000;
  return {
    async create(key, body) {
      sequence += 1;
      const versionId = randomBytes(24).toString("base64url");
      const head = {
        key,
        versionId,
        sequence,
        deleteMarker: false,
        modified: clock.now(),
        etag: `"${createHash("md5").update(body).digest("hex")}"`,
        headers: { "content-type": "application/json" },
        legalHold: false,
        owner,
      };
      const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
      writeFileSync(join(folder, `${hash("sha256", key)}.${versionId}`), bytes);
    },
  };
}
