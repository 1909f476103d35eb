import type { Access, Catalog, Store } from "../../src/access/types.ts";
import { codeOf } from "../../src/error.ts";

/** The code of what `work` throws, or `undefined` where it throws nothing. */
export function codeThrownBy(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

export function accessNamed(name: string, maximumDuration?: number): Access {
  return {
    name,
    title: undefined,
    maximumDuration,
    grants: [{ kind: "s3", bucket: "bucket", prefixes: [""], allow: ["read"] }],
  };
}

export function storeNamed(name: string, accesses: readonly Access[], change: Partial<Store> = {}): Store {
  return {
    name,
    title: name,
    classification: "restricted",
    dataCategories: ["name"],
    owner: undefined,
    role: "arn:aws:iam::111122223333:role/pii",
    region: undefined,
    issuer: "requester",
    networks: { cidrs: [], vpcEndpoints: [], vpcs: [] },
    maximumDuration: 3600,
    lease: undefined,
    approval: { quorum: 1, expires: 8 * 3600, approvers: [] },
    accesses: new Map(accesses.map((access) => [access.name, access])),
    ...change,
  };
}

export function catalogOf(stores: readonly Store[], change: Partial<Catalog> = {}): Catalog {
  return {
    digest: "0".repeat(64),
    version: 1,
    organization: "acme",
    audit: { bucket: "audit", account: "444455556666", region: "eu-central-1", reasons: undefined },
    endpoints: [],
    justification: {
      purposes: new Map(),
      minimumLength: 10,
      ticket: { required: false, pattern: undefined, example: undefined },
    },
    defaults: { duration: 1800, region: undefined, purpose: undefined },
    stores: new Map(stores.map((store) => [store.name, store])),
    ...change,
  };
}
