import { join } from "node:path";
import type { SealKey } from "../session/approve/seal-key.ts";
import {
  lapsesAt,
  type WaitingRequest,
  type WaitingRequests,
  type WaitingSecret,
} from "../session/approve/waiting.ts";
import { type Encrypted, fieldsOf, parseJson } from "../session/cache-entry.ts";
import type { Vault } from "../session/ports.ts";
import { filesIn, privateDirectory, readPrivate, removeFile, writePrivate } from "./files.ts";

/** A file's name; whoever reads it parses the id. `audit/id.ts` would load cryptography, for which `status` has no use. */
const isName = (request: string) => /^[0-9A-Z]{26}$/.test(request);
/** A request this long over, ms, is of no use to anybody. */
const surelyOver = 24 * 3_600_000;

/**
 * Requests that wait, as files of one folder: `{"v":1,"waiting":{…},"secret":{…}}`, the secret either as it is or, where the vault
 * has a key, encrypted with the request's id as additional data.
 */
export function waitingRequests(folder: string, vault: Vault, now: () => number): WaitingRequests {
  const pathOf = (request: string) => join(folder, `${request}.json`);

  function read(request: string) {
    if (!isName(request)) return undefined;
    try {
      const bytes = readPrivate(pathOf(request));
      const file = bytes === undefined ? undefined : fieldsOf(parseJson(Buffer.from(bytes).toString("utf8")));
      const waiting = file?.["v"] === 1 ? parseWaiting(fieldsOf(file["waiting"])) : undefined;
      return waiting?.request === request ? { waiting, secret: fieldsOf(file?.["secret"]) } : undefined;
    } catch {
      // Unreadable, somebody else's, a link: none.
      return undefined;
    }
  }

  return {
    async keep(waiting, secret) {
      privateDirectory(folder);
      for (const old of filesIn(folder).flatMap((file) => read(nameOf(file))?.waiting ?? []))
        if (now() - lapsesAt(old).getTime() > surelyOver) removeFile(pathOf(old.request));
      const key = await vault.key();
      const kept = key === undefined ? secret : { encrypted: await encrypted(key, waiting.request, secret) };
      writePrivate(pathOf(waiting.request), `${JSON.stringify({ v: 1, waiting, secret: kept })}\n`);
    },
    async list() {
      return filesIn(folder).flatMap((file) => read(nameOf(file))?.waiting ?? []);
    },
    async secretOf(request) {
      const secret = read(request)?.secret;
      if (secret === undefined) return undefined;
      const { iv, ciphertext, tag } = fieldsOf(secret["encrypted"]) ?? {};
      if (secret["encrypted"] === undefined) return parseSecret(secret);
      const key = await vault.key();
      if (key === undefined) return undefined;
      const { decryptText } = await import("../session/cache-cipher.ts");
      const text = decryptText(key, request, {
        iv: String(iv),
        ciphertext: String(ciphertext),
        tag: String(tag),
      });
      return text === undefined ? undefined : parseSecret(fieldsOf(parseJson(text)));
    },
    async remove(request) {
      if (isName(request)) removeFile(pathOf(request));
    },
  };
}

function nameOf(file: string): string {
  return file.replace(/\.json$/, "");
}

async function encrypted(key: Uint8Array, request: string, secret: WaitingSecret): Promise<Encrypted> {
  const { encryptText } = await import("../session/cache-cipher.ts");
  const { randomBytes } = process.getBuiltinModule("crypto");
  return encryptText(key, request, randomBytes(12), JSON.stringify(secret));
}

type Fields = Readonly<Record<string, unknown>>;

function parseWaiting(of: Fields | undefined): WaitingRequest | undefined {
  if (of === undefined) return undefined;
  const { request, requestHash, targets, issuer, duration, quorum, approvers, organization } = of;
  const { catalog, userid, name, inputs } = of;
  const at = new Date(String(of["at"]));
  const closesAt = new Date(String(of["closesAt"]));
  const notBefore = of["notBefore"] === undefined ? undefined : new Date(String(of["notBefore"]));
  const good =
    [request, requestHash, issuer, organization, catalog, userid, name, inputs].every(isText) &&
    [duration, quorum].every((count) => Number.isSafeInteger(count)) &&
    !Number.isNaN(at.getTime()) &&
    !Number.isNaN(closesAt.getTime()) &&
    !Number.isNaN(notBefore?.getTime());
  if (!good || !isTexts(targets) || !isTexts(approvers)) return undefined;
  return {
    request: String(request),
    requestHash: String(requestHash),
    targets,
    issuer: String(issuer),
    duration: Number(duration),
    quorum: Number(quorum),
    approvers,
    at,
    closesAt,
    ...(notBefore === undefined ? {} : { notBefore }),
    organization: String(organization),
    catalog: String(catalog),
    userid: String(userid),
    name: String(name),
    inputs: String(inputs),
  };
}

function parseSecret(of: Fields | undefined): WaitingSecret | undefined {
  const { reason, ticket } = of ?? {};
  if (!isText(reason) || !(ticket === undefined || isText(ticket))) return undefined;
  const key = fieldsOf(of?.["key"]);
  if (key === undefined) return { reason, ticket, key: undefined };
  const { kty, crv, x, y, d } = key;
  if (kty !== "EC" || crv !== "P-256" || !isText(x) || !isText(y) || !isText(d)) return undefined;
  const sealKey: SealKey = { kty, crv, x, y, d };
  return { reason, ticket, key: sealKey };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}
