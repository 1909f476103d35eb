import { identityCenterUser } from "../../access/rules/groups.ts";
import type { Identity } from "../../access/types.ts";
import type { AppendPorts } from "../../audit/append.ts";
import { type Person, personOf } from "../../audit/person.ts";
import type { RecordReader } from "../../audit/record-reader.ts";
import { claimsOf } from "../../audit/statement.ts";
import { hourOf } from "../../audit/time.ts";
import { JitError } from "../../error.ts";

/** Who sits here, as others will see it in the record. */
export interface Self {
  readonly identity: Identity;
  readonly person: Person;
  readonly attested: Readonly<Record<string, string>>;
  /** Of the key that this machine signs with. */
  readonly thumbprint: string;
}

/**
 * Who this machine's key stands for. Where it is enrolled, the enrolment says so, as it will to everybody; a key that is not
 * yet enrolled will be with AWS's statement of now.
 * @throws JitError `APPROVER_NOT_ATTESTED`: nobody would count a decision by it
 */
export async function whoDecides(
  { records, reader }: { readonly records: AppendPorts; readonly reader: RecordReader },
  sessionNameRoles: readonly string[],
): Promise<Self> {
  const { by } = records.writer;
  const { thumbprint } = records.signer;
  const next = await records.chain.hold(async ({ position }) => position.next);
  if (next > 0) {
    const hour = hourOf(records.clock.now().toISOString());
    const enrolment = await reader.enrolmentOf({ hour, userid: by.userid, thumbprint });
    if (enrolment?.grade !== "attested") throw notAttested();
    return { identity: enrolment.by, person: enrolment.person, attested: enrolment.attested, thumbprint };
  }
  const statement = await records.statement(thumbprint);
  const claims = statement === undefined ? undefined : claimsOf(statement);
  if (claims === undefined) throw notAttested();
  const user = claims.identityStoreUserId;
  return {
    identity: by,
    person: personOf(by, claims, sessionNameRoles),
    attested: user === undefined ? {} : { [identityCenterUser]: user },
    thumbprint,
  };
}

function notAttested(): JitError {
  return new JitError(
    "APPROVER_NOT_ATTESTED",
    "AWS has not signed whose key this machine signs with, so a decision by it would count for nothing",
    { hint: "the account must offer sts:GetWebIdentityToken (docs/aws.md); then sign with a new key" },
  );
}
