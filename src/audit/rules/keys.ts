import type { KeyObject } from "node:crypto";
import { importPublicKey } from "../../access/jwk.ts";
import { identityCenterUser } from "../../access/rules/groups.ts";
import { isRevoked } from "../../access/trust/revoked-keys.ts";
import type { Identity, PublicJwk, Trust } from "../../access/types.ts";
import { judgeAttested } from "../attested.ts";
import { ByWriter } from "../by-writer.ts";
import { type Finding, finding } from "../finding.ts";
import type { JudgedRecord } from "../judged.ts";
import type { RecordKey } from "../key.ts";
import { type Person, personOf } from "../person.ts";
import { claimsOf, type Grade, judgeStatement } from "../statement.ts";
import type { SeenRecord } from "./place.ts";

/** A key that a valid `enrol` record has brought into the log. */
export interface Enrolment {
  readonly jwk: PublicJwk;
  readonly key: KeyObject;
  readonly by: Identity;
  readonly grade: Grade;
  readonly person: Person;
  /** What AWS attests of the writer, by the names of circumstances. */
  readonly attested: Readonly<Record<string, string>>;
}

/** What of the trust file decides about keys. */
export type KeyTrust = Pick<Trust, "tokenIssuers" | "refusePathOnly"> &
  Partial<Pick<Trust, "sessionNameRoles" | "revokedKeys">>;

/** The keys of all writers. A key counts for the one `aws:userid` under whose prefix it was enrolled. */
export class KeyRing {
  readonly #trust: KeyTrust;
  readonly #enrolments = new ByWriter<Enrolment>();

  /** @param trust `undefined` where the organization has no trust file: no statement can be checked then */
  constructor(trust: KeyTrust | undefined) {
    this.#trust = trust ?? { tokenIssuers: [], refusePathOnly: false };
  }

  /** The key that an `enrol` record brings, with which it is signed itself. */
  static ownKey({ key }: JudgedRecord<"enrol">): Pick<Enrolment, "jwk" | "key"> {
    return { jwk: key, key: importPublicKey(key) };
  }

  find(key: Pick<RecordKey, "userid" | "thumbprint">): Enrolment | undefined {
    return this.#enrolments.get(key);
  }

  /** Takes the key of a valid record 0. A second one changes nothing; the chain's rules report it. */
  enrol({ key, name }: SeenRecord, record: JudgedRecord<"enrol">): Finding[] {
    if (this.find(key) !== undefined) return [];
    const verdict = judgeStatement(
      record.statement,
      { ...record, thumbprint: key.thumbprint },
      this.#trust.tokenIssuers,
    );
    const grade = verdict === "attested" ? "attested" : "path only";
    const { key: jwk, by } = record;
    const claims = grade === "attested" ? claimsOf(record.statement) : undefined;
    const person = personOf({ ...by, userid: key.userid }, claims, this.#trust.sessionNameRoles ?? []);
    const user = claims?.identityStoreUserId;
    const attested: Record<string, string> = user === undefined ? {} : { [identityCenterUser]: user };
    this.#enrolments.set(key, { jwk, key: importPublicKey(jwk), by, grade, person, attested });
    const found: Finding[] = [];
    if (verdict === "invalid") {
      found.push(
        finding("STATEMENT_INVALID", name, key.userid, "AWS's statement does not prove whose key it is"),
      );
    } else if (verdict === "untrusted issuer") {
      const message = "the trust file does not name the issuer of AWS's statement";
      found.push(finding("STATEMENT_UNTRUSTED", name, key.userid, message));
    }
    if (grade === "path only" && this.#trust.refusePathOnly) {
      found.push(
        finding("KEY_PATH_ONLY", name, key.userid, "the trust file refuses keys without AWS's statement"),
      );
    }
    return found;
  }

  /** Whether a record came after its key was revoked. @param indexOf tells its index in the tree, where that is known */
  revokedFindings(
    { key, name, lastModified }: SeenRecord,
    indexOf?: () => number | undefined,
  ): readonly Finding[] {
    const { thumbprint, userid } = key;
    const { revokedKeys } = this.#trust;
    if (revokedKeys?.some((one) => one.thumbprint === thumbprint) !== true) return none;
    if (!isRevoked(revokedKeys, { thumbprint, arrived: lastModified, index: indexOf?.() })) return none;
    return [finding("KEY_REVOKED", name, userid, "the record came after its key was revoked")];
  }

  /** Whether what a request says is attested is so. */
  attestedFindings({ key, record, name }: SeenRecord): readonly Finding[] {
    if (record.type !== "request") return none;
    const bearer = { thumbprint: key.thumbprint, by: record.by, at: record.at };
    switch (judgeAttested(record.attested, bearer, this.#trust.tokenIssuers)) {
      case "invalid": {
        const message = "what the request calls attested is not what its proof says";
        return [finding("ATTESTED_INVALID", name, key.userid, message)];
      }
      case "unproven": {
        const message =
          "what the request calls attested is its client's word: no issuer that the trust file names signed it";
        return [finding("ATTESTED_UNPROVEN", name, key.userid, message)];
      }
      default:
        return none;
    }
  }

  /** Whether a record is by whom its key was enrolled for. A user may be renamed, a role session may not. */
  static byFindings({ key, record, name }: SeenRecord, writer: Enrolment | undefined): readonly Finding[] {
    if (writer === undefined) return none;
    const { by } = writer;
    const isSameAccount = record.by.account === by.account;
    if (isSameAccount && record.by.arn === by.arn) return none;
    if (isSameAccount && [by.arn, record.by.arn].every((arn) => userArn.test(arn))) return none;
    return [
      finding(
        "BY_DIFFERS",
        name,
        key.userid,
        "the record is by another principal than its key was enrolled for",
      ),
    ];
  }
}

const none: readonly Finding[] = [];
const userArn = /^arn:[a-z0-9-]+:iam::[0-9]{12}:user\//;
