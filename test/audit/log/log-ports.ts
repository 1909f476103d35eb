import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import type { Catalog } from "../../../src/access/types.ts";
import type { LogPorts } from "../../../src/audit/log/read.ts";
import type { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { catalog as digest, log } from "../writer.ts";

/** A catalog that has what the test writer asks for. */
const yaml = `version: 1
organization: acme
audit: { bucket: jit-audit, account: "444455556666", region: eu-central-1 }
justification: { minimumLength: 5, ticket: { required: false } }
defaults: { duration: 30m, region: eu-central-1 }
stores:
  customers:
    title: Customers
    classification: restricted
    dataCategories: [name, email]
    role: arn:aws:iam::222222222222:role/jit-customers-read
    issuer: requester
    maximumDuration: 1h
    accesses: { read: { s3: [{ bucket: acme-customers, prefix: eu/, allow: [read] }] } }
  orders:
    title: Orders
    classification: confidential
    dataCategories: [email, purchases]
    role: arn:aws:iam::222222222222:role/jit-orders
    issuer: requester
    maximumDuration: 4h
    accesses: { read: { s3: [{ bucket: acme-orders, prefix: "", allow: [read] }] } }
`;

export const testCatalog: Catalog = parseCatalog(new TextEncoder().encode(yaml), "jit.yaml");

/** Of the digest that the test writer names. */
export const catalogOf = async (wanted: string): Promise<Catalog | undefined> =>
  wanted === digest ? testCatalog : undefined;

export function logPortsOf(store: MemoryRecordStore): LogPorts {
  return {
    store,
    log,
    trust: undefined,
    catalogOf,
    textsOf: async () => ({ state: "denied" }),
  };
}
