/** The catalog of the sandbox's organization; signed and published when the sandbox starts. */
export const sandboxCatalog = `# The catalog of the sandbox. A real one looks the same.
version: 1
organization: acme
audit:
  bucket: jit-audit
  account: "444455556666"
  region: eu-central-1
justification:
  minimumLength: 15
  purposes:
    support: A customer asked for help
    incident: Something is broken now
    reporting: A report that was asked for
  ticket:
    pattern: "[A-Z]+-[0-9]+"
    example: SUP-1234
defaults:
  duration: 30m
  region: eu-central-1
stores:
  customers:
    title: Customer master data
    classification: restricted
    dataCategories: [name, email, birth date, city]
    owner: Bob (customer care)
    role: arn:aws:iam::111122223333:role/pii-customers
    issuer: requester
    maximumDuration: 1h
    accesses:
      read:
        title: Read customers' profiles
        s3:
          - bucket: acme-customers
            prefix: profiles/
            allow: [read, list]
      lists:
        title: Read whole lists of customers
        maximumDuration: 30m
        s3:
          - bucket: acme-customers
            prefix: lists/
            allow: [read, list]
      write:
        title: Correct customers' profiles
        maximumDuration: 15m
        s3:
          - bucket: acme-customers
            prefix: profiles/
            allow: [read, list, write]
  orders:
    title: Orders with who ordered
    classification: confidential
    dataCategories: [email, purchases]
    owner: Carol (sales)
    role: arn:aws:iam::111122223333:role/pii-orders
    issuer: requester
    maximumDuration: 4h
    accesses:
      read:
        title: Read orders
        s3:
          - bucket: acme-orders
            prefix: orders/
            allow: [read, list]
  payroll:
    title: What people earn
    classification: restricted
    dataCategories: [name, salary]
    owner: Bob (people)
    role: arn:aws:iam::111122223333:role/pii-payroll
    # Approvers alone can assume the role: who asks cannot have it alone.
    issuer: approver
    approval:
      quorum: 2
      expires: 4h
      approvers: ["arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:user/carol"]
    # In an emergency: jit request payroll:read --break-glass
    breakGlass:
      role: arn:aws:iam::111122223333:role/pii-payroll-emergency
      maximumDuration: 30m
    maximumDuration: 1h
    accesses:
      read:
        title: Read salaries
        s3:
          - bucket: acme-payroll
            prefix: salaries/
            allow: [read, list]
`;
