import { bytesOf } from "./keys.ts";

/** A small catalog of one store, as YAML. */
export function yamlOf(version: number, organization = "example"): Uint8Array {
  return bytesOf(`version: ${version}
organization: ${organization}
audit: { bucket: example-audit, account: "111122223333", region: eu-central-1 }
stores:
  customers:
    title: Customers
    classification: confidential
    dataCategories: [contact]
    role: arn:aws:iam::444455556666:role/jit-customers
    issuer: requester
    maximumDuration: 1h
    accesses:
      read:
        s3: [{ bucket: example-customers, prefixes: [customers/], allow: [read] }]
`);
}
