/**
 * Names of deny policies: `jit-revoke-<yyyymmdd>-<16 characters of the key's thumbprint>-<revoker>`. IAM cannot compare and
 * swap, so no policy has two writers: a signing key belongs to one machine and one principal, where a lock keeps
 * order. The day is that of the first denial in it. Nobody adds to a policy of an earlier day, so that one that has
 * wholly ended can be removed by anybody.
 */
export interface PolicyName {
  /** `yyyymmdd`, UTC. */
  readonly day: string;
  /** Whose it is: key and name. */
  readonly owner: string;
}

const grammar = /^jit-revoke-([0-9]{8})-([A-Za-z0-9_-]{16}-[A-Za-z0-9_+=,.@-]{1,64})$/;

/**
 * @param thumbprint of the revoker's signing key
 * @param name IAM user or session name, for people to read
 */
export function ownerOf(thumbprint: string, name: string): string {
  return `${thumbprint.slice(0, 16)}-${name}`;
}

export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10).replaceAll("-", "");
}

/** At most 101 of the 128 characters that IAM takes. */
export function formatPolicyName({ day, owner }: PolicyName): string {
  return `jit-revoke-${day}-${owner}`;
}

/** `undefined` for a policy that is none of ours. */
export function readPolicyName(text: string): PolicyName | undefined {
  const [, day, owner] = grammar.exec(text) ?? [];
  return day === undefined || owner === undefined ? undefined : { day, owner };
}
