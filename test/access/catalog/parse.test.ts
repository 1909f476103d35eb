import { describe, expect, test } from "vitest";
import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import { CatalogError, type Problem } from "../../../src/access/catalog/problem.ts";
import { type ReadYaml, recallCatalog } from "../../../src/access/catalog/recall.ts";
import { sha256Hex } from "../../../src/access/digest.ts";

const good = `version: 3
organization: acme
audit:
  bucket: acme-audit
  account: "444455556666"
  region: eu-central-1
  reasons: s3://acme-reasons/jit/
endpoints: [s3.acme.example, "minio.acme.example:9000"]
justification:
  minimumLength: 15
  purposes:
    support: A customer asked
    incident: Something is broken
  ticket: { required: true, pattern: "[A-Z]+-[0-9]+", example: SUP-12 }
defaults: { duration: 20m, region: eu-west-1, purpose: support }
stores:
  customers:
    title: Customers
    classification: restricted
    dataCategories: [name, e-mail]
    owner: Care
    role: arn:aws-us-gov:iam::111122223333:role/pii/customers
    region: us-gov-west-1
    issuer: approver
    networks:
      cidrs: [203.0.113.0/24, "2001:db8::/32"]
      vpcEndpoints: [vpce-0123456789abcdef0]
      vpcs: [vpc-01234567]
    maximumDuration: PT2H
    lease: 5m
    accesses:
      read:
        title: Read
        maximumDuration: 1h30m
        s3:
          - { bucket: acme-customers, prefix: "eu/", allow: [read, list] }
          - { bucket: acme-more, prefixes: ["a/", "b/"], allow: [write] }
        dynamodb:
          - table: customers
            indexes: all
            attributes: [name]
            allow: [query]
          - table: arn:aws-us-gov:dynamodb:us-gov-east-1:999988887777:table/far
            leadingKeys: ["\${aws:PrincipalTag/tenant}"]
            allow: [read]
        secrets: ["arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:db-??????"]
        kms:
          - key: arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
            allow: [decrypt]
            viaServices: [s3.us-gov-west-1.amazonaws.com]
        databases: [{ resourceId: db-ABCDEFGH, user: reader }]
        statements:
          - { Effect: Allow, Action: "athena:StartQueryExecution", Resource: "*" }
          - { Effect: Deny, Action: "sts:*", Resource: "*" }
    approval: { quorum: 2, expires: 90m, approvers: ["arn:aws-us-gov:iam::111122223333:user/owners/*"] }
  orders:
    title: Orders
    classification: internal
    dataCategories: [purchases]
    role: arn:aws:iam::111122223333:role/orders
    maximumDuration: 1h
    accesses:
      read: { s3: [{ bucket: acme-orders, prefix: "", allow: [read] }] }
`;

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseCatalog(bytes(text), "jit.yaml");

function problemsOf(input: string | Uint8Array): readonly Problem[] {
  try {
    parseCatalog(typeof input === "string" ? bytes(input) : input, "jit.yaml");
  } catch (error) {
    if (error instanceof CatalogError && error.code === "CATALOG_INVALID") return error.problems;
    throw error;
  }
  return [];
}

function replaced(from: string, to: string): string {
  if (!good.includes(from)) throw new Error(`the good catalog has no ${from}`);
  return good.replace(from, () => to);
}

describe("a good catalog", () => {
  const catalog = parse(good);

  test("is read as it stands", () => {
    expect(catalog).toMatchObject({
      digest: sha256Hex(bytes(good)),
      version: 3,
      organization: "acme",
      audit: {
        bucket: "acme-audit",
        account: "444455556666",
        region: "eu-central-1",
        reasons: "s3://acme-reasons/jit/",
      },
      endpoints: ["s3.acme.example", "minio.acme.example:9000"],
      defaults: { duration: 1200, region: "eu-west-1", purpose: "support" },
    });
    expect([...catalog.justification.purposes.keys()]).toEqual(["support", "incident"]);
    expect(catalog.justification.ticket.pattern?.test("SUP-1")).toBe(true);
    expect(catalog.justification.ticket.pattern?.test("xSUP-1")).toBe(false);
    expect([...catalog.stores.keys()]).toEqual(["customers", "orders"]);
  });

  test("a store", () => {
    expect(catalog.stores.get("customers")).toMatchObject({
      name: "customers",
      issuer: "approver",
      approval: { quorum: 2, expires: 5400, approvers: ["arn:aws-us-gov:iam::111122223333:user/owners/*"] },
      region: "us-gov-west-1",
      maximumDuration: 7200,
      lease: 300,
      networks: {
        cidrs: ["203.0.113.0/24", "2001:db8::/32"],
        vpcEndpoints: ["vpce-0123456789abcdef0"],
        vpcs: ["vpc-01234567"],
      },
    });
  });

  test("what is left out has its default", () => {
    expect(catalog.stores.get("orders")).toMatchObject({
      issuer: "requester",
      region: "eu-west-1",
      owner: undefined,
      lease: undefined,
      approval: { quorum: 1, expires: 28_800, approvers: [] },
      networks: { cidrs: [], vpcEndpoints: [], vpcs: [] },
    });
    const bare = parse(
      good
        .replace(/^ {2}reasons.*\n/m, "")
        .replace(/^endpoints.*\n/m, "")
        .replace(/^justification:\n(?: .*\n)+/m, "")
        .replace(/^defaults.*\n/m, ""),
    );
    expect(bare).toMatchObject({
      audit: { reasons: undefined },
      endpoints: [],
      justification: {
        minimumLength: 10,
        ticket: { required: false, pattern: undefined, example: undefined },
      },
      defaults: { duration: 1800, region: undefined, purpose: undefined },
    });
    expect(bare.justification.purposes.size).toBe(0);
  });

  test("grants take account and region from their ARN, else from the store", () => {
    const read = catalog.stores.get("customers")?.accesses.get("read");
    expect(read?.maximumDuration).toBe(5400);
    expect(read?.grants).toEqual([
      { kind: "s3", bucket: "acme-customers", prefixes: ["eu/"], allow: ["read", "list"] },
      { kind: "s3", bucket: "acme-more", prefixes: ["a/", "b/"], allow: ["write"] },
      {
        kind: "dynamodb",
        table: "customers",
        region: "us-gov-west-1",
        account: "111122223333",
        indexes: ["*"],
        attributes: ["name"],
        leadingKeys: undefined,
        allow: ["query"],
      },
      {
        kind: "dynamodb",
        table: "far",
        region: "us-gov-east-1",
        account: "999988887777",
        indexes: [],
        attributes: undefined,
        leadingKeys: [`\${aws:PrincipalTag/tenant}`],
        allow: ["read"],
      },
      { kind: "secret", arn: "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:db-??????" },
      {
        kind: "kms",
        key: "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        allow: ["decrypt"],
        viaServices: ["s3.us-gov-west-1.amazonaws.com"],
      },
      {
        kind: "database",
        resourceId: "db-ABCDEFGH",
        user: "reader",
        region: "us-gov-west-1",
        account: "111122223333",
      },
      {
        kind: "statement",
        statement: { Effect: "Allow", Action: "athena:StartQueryExecution", Resource: "*" },
      },
      { kind: "statement", statement: { Effect: "Deny", Action: "sts:*", Resource: "*" } },
    ]);
  });
});

describe("a mistake is told with its place", () => {
  const bidi = "\u202e";
  test.each<[string, string, string, string, string]>([
    ["an unknown key", "  bucket: acme-audit", "  buckt: acme-audit", "audit.buckt", "4:3"],
    ["a missing key", "  region: eu-central-1\n", "", "audit.region", "4:3"],
    ["a wrong type", "version: 3", "version: three", "version", "1:10"],
    ["a fraction", "version: 3", "version: 3.5", "version", "1:10"],
    ["version 0", "version: 3", "version: 0", "version", "1:10"],
    ["a version beyond 2^53", "version: 3", "version: 9007199254740993", "version", "1:10"],
    ["an account that YAML reads as a number", '"444455556666"', "444455556666", "audit.account", "5:12"],
    ["a store's name", "  orders:", "  Orders:", "stores.Orders", "56:3"],
    [
      "an access's name",
      "      read:\n        title",
      "      re_ad:\n        title",
      "stores.customers.accesses.re_ad",
      "32:7",
    ],
    [
      "a word of a list",
      "allow: [query]",
      "allow: [querry]",
      "stores.customers.accesses.read.dynamodb[0].allow[0]",
      "42:21",
    ],
    [
      "a word twice",
      "allow: [read, list]",
      "allow: [read, read]",
      "stores.customers.accesses.read.s3[0].allow",
      "36:61",
    ],
    [
      "a word for a list",
      "allow: [query]",
      "allow: query",
      "stores.customers.accesses.read.dynamodb[0].allow",
      "42:20",
    ],
    [
      "an empty list",
      "allow: [query]",
      "allow: []",
      "stores.customers.accesses.read.dynamodb[0].allow",
      "42:20",
    ],
    ["an issuer", "issuer: approver", "issuer: aprover", "stores.customers.issuer", "24:13"],
    ["a duration", "lease: 5m", "lease: 5 minutes", "stores.customers.lease", "30:12"],
    ["a duration of nothing", "lease: 5m", "lease: 0s", "stores.customers.lease", "30:12"],
    ["a lease above the maximum", "lease: 5m", "lease: 3h", "stores.customers.lease", "30:12"],
    ["more than 12 hours", "PT2H", "13h", "stores.customers.maximumDuration", "29:22"],
    ["an access above its store", "1h30m", "2h1s", "stores.customers.accesses.read.maximumDuration", "34:26"],
    ["a role", "role/orders", "user/orders", "stores.orders.role", "60:11"],
    ["a bucket", "bucket: acme-orders", "bucket: Acme", "stores.orders.accesses.read.s3[0].bucket", "63:30"],
    ["neither prefix", 'prefix: "", ', "", "stores.orders.accesses.read.s3[0]", "63:20"],
    [
      "both prefixes",
      'prefix: "", ',
      'prefix: "", prefixes: ["a/"], ',
      "stores.orders.accesses.read.s3[0]",
      "63:20",
    ],
    [
      "a prefix that no policy can hold",
      'prefix: "", ',
      "prefix: Ω/, ",
      "stores.orders.accesses.read.s3[0].prefix",
      "63:51",
    ],
    [
      "an access that opens nothing",
      '{ s3: [{ bucket: acme-orders, prefix: "", allow: [read] }] }',
      "{}",
      "stores.orders.accesses.read",
      "63:13",
    ],
    [
      "a store without accesses",
      '      read: { s3: [{ bucket: acme-orders, prefix: "", allow: [read] }] }',
      "      {}",
      "stores.orders.accesses",
      "63:7",
    ],
    [
      "a scan by leading keys",
      "allow: [read]\n        secrets",
      "allow: [scan]\n        secrets",
      "stores.customers.accesses.read.dynamodb[1].allow",
      "45:20",
    ],
    [
      "indexes without a query",
      "allow: [query]",
      "allow: [read]",
      "stores.customers.accesses.read.dynamodb[0].indexes",
      "40:22",
    ],
    [
      "a secret by a wildcard",
      "secret:db-??????",
      "secret:*",
      "stores.customers.accesses.read.secrets[0]",
      "46:19",
    ],
    [
      "a key by its alias",
      "key/1234abcd-12ab-34cd-56ef-1234567890ab",
      "alias/main",
      "stores.customers.accesses.read.kms[0].key",
      "48:18",
    ],
    [
      "a database by its name",
      "db-ABCDEFGH",
      "production",
      "stores.customers.accesses.read.databases[0].resourceId",
      "51:35",
    ],
    [
      "a database user by a wildcard",
      "user: reader",
      'user: "*"',
      "stores.customers.accesses.read.databases[0].user",
      "51:54",
    ],
    [
      "a statement that is none",
      "Effect: Allow",
      "Efect: Allow",
      "stores.customers.accesses.read.statements[0]",
      "53:13",
    ],
    [
      "a statement with a principal",
      "Effect: Allow",
      'Principal: "*", Effect: Allow',
      "stores.customers.accesses.read.statements[0]",
      "53:13",
    ],
    [
      "a statement over sts",
      "athena:StartQueryExecution",
      "STS:AssumeRole",
      "stores.customers.accesses.read.statements[0]",
      "53:13",
    ],
    [
      "a statement over iam",
      "athena:StartQueryExecution",
      "iam:Get*",
      "stores.customers.accesses.read.statements[0]",
      "53:13",
    ],
    [
      "a statement over all services",
      "athena:StartQueryExecution",
      "*",
      "stores.customers.accesses.read.statements[0]",
      "53:13",
    ],
    [
      "a statement over one action of all",
      "athena:StartQueryExecution",
      "*:Get*",
      "stores.customers.accesses.read.statements[0]",
      "53:13",
    ],
    [
      "a statement by what it leaves out",
      'Action: "athena',
      'NotAction: "athena',
      "stores.customers.accesses.read.statements[0]",
      "53:13",
    ],
    [
      "a block of addresses",
      "203.0.113.0/24",
      "203.0.113.0/33",
      "stores.customers.networks.cidrs[0]",
      "26:15",
    ],
    ["a block that is none", "203.0.113.0/24", "203.0.113/24", "stores.customers.networks.cidrs[0]", "26:15"],
    ["a private block", "203.0.113.0/24", "10.0.0.0/8", "stores.customers.networks.cidrs[0]", "26:15"],
    ["an IPv6 block", "2001:db8::/32", "2001:db8:::/32", "stores.customers.networks.cidrs[1]", "26:31"],
    ["an endpoint with a scheme", "s3.acme.example", "https://s3.acme.example", "endpoints[0]", "8:13"],
    ["an endpoint's port", "example:9000", "example:99999", "endpoints[1]", "8:30"],
    ["reasons beside the records", "s3://acme-reasons/jit/", "s3://acme-audit/jit/", "audit.reasons", "7:12"],
    ["a pattern that takes for ever", "[A-Z]+-[0-9]+", "([A-Z]+)+", "justification.ticket.pattern", "14:38"],
    ["an example that does not match", "SUP-12", "sup-12", "justification.ticket.example", "14:64"],
    ["a default purpose", "purpose: support", "purpose: suport", "defaults.purpose", "15:56"],
    [
      "a title with a bidirectional mark",
      "title: Orders",
      `title: Or${bidi}ders`,
      "stores.orders.title",
      "57:12",
    ],
    [
      "a title with an escaped control",
      "title: Orders",
      'title: "Or\\e[31mders"',
      "stores.orders.title",
      "57:12",
    ],
    [
      "a title with a zero-width space",
      "title: Orders",
      'title: "Or\\u200Bders"',
      "stores.orders.title",
      "57:12",
    ],
    ["a title of white space", "title: Orders", 'title: "  "', "stores.orders.title", "57:12"],
    ["a purpose with a control", "A customer asked", '"A\\x07"', "justification.purposes.support", "12:14"],
    [
      "a prefix with a control",
      'prefix: "", ',
      'prefix: "\\n", ',
      "stores.orders.accesses.read.s3[0].prefix",
      "63:51",
    ],
    [
      "a statement with a hidden character",
      "athena:StartQueryExecution",
      "athena:\u200bGet",
      "stores.customers.accesses.read.statements[0]",
      "53:13",
    ],
  ])("%s", (_, from, to, path, place) => {
    const problems = problemsOf(replaced(from, to));
    expect(problems.map((one) => [one.path, `${one.line}:${one.column}`])).toContainEqual([path, place]);
    expect(JSON.stringify(problems)).not.toContain(bidi);
  });

  test.each([
    ["  bucket: acme-audit", "  buckt: acme-audit", "bucket", 4, 3],
    ["allow: [query]", "allow: [querry]", "query", 42, 21],
    ["issuer: approver", "issuer: aprover", "approver", 24, 13],
    ["purpose: support", "purpose: suport", "support", 15, 56],
    ["duration: 20m", "durration: 20m", "duration", 15, 13],
    ["minimumLength", "minimumlength", "minimumLength", 10, 3],
    ["required: true", "requred: true", "required", 14, 13],
    ["allow: [decrypt]", "allow: [decript]", "decrypt", 49, 21],
    ["viaServices", "viaService", "viaServices", 50, 13],
    ["user: reader", "usr: reader", "user", 51, 48],
    ["cidrs", "cidr", "cidrs", 26, 7],
    ["vpcs", "vpc", "vpcs", 28, 7],
    ["prefixes", "prefixess", "prefixes", 37, 34],
    ["leadingKeys", "leading-keys", "leadingKeys", 44, 13],
    ["dataCategories", "datacategories", "dataCategories", 20, 5],
  ])("%j for %j: did you mean %s?", (from, to, suggestion, line, column) => {
    const [problem] = problemsOf(replaced(from, to)).filter((one) => one.suggestion !== undefined);
    expect(problem).toMatchObject({ suggestion, line, column });
  });

  test.each([
    ["  bucket: acme-audit", "  buckt: acme-audit"],
    ["organization: acme", "organisation: acme"],
  ])("a needed key that is misspelt, %j, is one mistake", (from, to) => {
    expect(problemsOf(replaced(from, to))).toHaveLength(1);
  });

  test("no region for a database or a table, here, at the store or in defaults", () => {
    const text = replaced("    region: us-gov-west-1\n", "").replace("region: eu-west-1, ", "");
    expect(problemsOf(text).map(({ path, line, column }) => [path, line, column])).toEqual([
      ["stores.customers.accesses.read.dynamodb[0].table", 38, 20],
      ["stores.customers.accesses.read.databases[0]", 50, 21],
    ]);
  });

  test.each([
    ["CRLF", good.replaceAll("\n", "\r\n")],
    ["comments and empty lines", good.replaceAll("\n", "\n# x\n\n")],
  ])("%s do no harm", (_, text) => {
    const { digest: _own, justification, ...rest } = parse(text);
    const { digest: _good, justification: _theirs, ...expected } = parse(good);
    expect(rest).toEqual(expected);
    expect(justification.minimumLength).toBe(15);
  });

  test("CRLF counts as one line", () => {
    const [problem] = problemsOf(replaced("lease: 5m", "lease: soon").replaceAll("\n", "\r\n"));
    expect(problem).toMatchObject({ path: "stores.customers.lease", line: 30, column: 12 });
  });

  test.each([
    ["groups: { a: {} }", "groups.a", 1, 14],
    ["groups: { a: { users: [x] } }", "groups.a.users[0]", 1, 24],
    ['groups: { a: { principals: ["arn:aws:iam::*:role/x"] } }', "groups.a.principals[0]", 1, 29],
    ["timeZone: Europe/Atlantis", "timeZone", 1, 11],
    ["timeZone: '+01:00'", "timeZone", 1, 11],
    ['rules: "permit(principal,action,resource);"', "rules", 1, 8],
    ['rules: "  "', "rules", 1, 8],
  ])("%s", (line, path, row, column) => {
    expect(problemsOf(`${line}\n${good}`)).toMatchObject([{ path, line: row, column }]);
  });

  test("all of them at once, in the order of the file", () => {
    const text = replaced("version: 3", "version: x\nverson: 3\nfoo: 1")
      .replace("lease: 5m", "lease: soon")
      .replace("issuer: approver", "issuer: nobody\n    isuer: a\n    rgion: b");
    const problems = problemsOf(text);
    expect(problems.map(({ path, line }) => [path, line])).toEqual([
      ["version", 1],
      ["verson", 2],
      ["foo", 3],
      ["stores.customers.issuer", 26],
      ["stores.customers.isuer", 27],
      ["stores.customers.rgion", 28],
      ["stores.customers.lease", 34],
    ]);
  });
});

describe("YAML that is refused", () => {
  test.each<[string, string]>([
    ["nothing", ""],
    ["a text", "hello"],
    ["a list", "- a"],
    ["two documents", `${good}---\na: 1\n`],
    ["a key twice", replaced("version: 3", "version: 3\nversion: 4")],
    ["a key twice further down", replaced("lease: 5m", "lease: 5m\n    lease: 6m")],
    ["an anchor", replaced("[read, list]", "&x [read, list]")],
    ["an alias", replaced("[read, list]", "&x [read, list]").replace("allow: [write]", "allow: *x")],
    ["a merge key", replaced("  orders:", "  orders:\n    <<: { owner: me }")],
    ["a tag", replaced("title: Orders", "title: !!str Orders")],
    ["an unknown tag", replaced("title: Orders", "title: !secret Orders")],
    ["a directive", `%YAML 1.1\n---\n${good}`],
    ["a tab", replaced("  bucket: acme-audit", "\tbucket: acme-audit")],
    ["an open quotation mark", replaced("title: Orders", 'title: "Orders')],
    ["a byte order mark", `\ufeff${good}`],
    ["a key that all objects have", replaced("  orders:", "  constructor:")],
    ["a store called toString", replaced("  orders:", "  toString:")],
    ["a purpose called hasOwnProperty", replaced("    support:", "    hasOwnProperty:")],
    ["a statement with __proto__", replaced("Effect: Allow", "__proto__: {}, Effect: Allow")],
    ["a directive further down", `a: 1\n...\n%TAG ! x\n---\n${good}`],
    ["a key twice in a map of one line", replaced("Effect: Allow", "Effect: Deny, Effect: Allow")],
    ["a key twice, once quoted", replaced("version: 3", 'version: 3\n"version": 3')],
    ["a number as a key", replaced("version: 3", "version: 3\n1: 2")],
    ["a key __proto__", replaced("version: 3", "version: 3\n__proto__: { version: 4 }")],
    ["a list as a key", replaced("version: 3", "version: 3\n? [a]\n: 1")],
    ["a tower of lists", `a: ${"[".repeat(5_000)}${"]".repeat(5_000)}`],
    ["a tower of maps", `${"{a: ".repeat(40)}1${"}".repeat(40)}`],
    ["a control character", replaced("title: Orders", "title: Or\u0007ders")],
    ["more than 1 MiB", `${good}${"#".repeat(1024 * 1024)}`],
  ])("%s", (_, text) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
  });

  test("bytes that are not UTF-8", () => {
    expect(problemsOf(Uint8Array.of(0x76, 0xff))).toHaveLength(1);
  });

  test("the prototype of objects stays as it was", () => {
    problemsOf(replaced("version: 3", "version: 3\n__proto__: { polluted: 1 }"));
    expect("polluted" in {}).toBe(false);
  });
});

describe("what was read before", () => {
  const bytes = new TextEncoder().encode(
    `${good}rules: |\n  @id("a")\n  permit(principal, action, resource);\n`,
  );

  test("spares reading the text, and makes the same catalog of it", () => {
    const memory = new Map<string, ReadYaml>();
    const first = parseCatalog(bytes, "jit.yaml", memory);
    expect([...memory.keys()]).toEqual([sha256Hex(bytes)]);
    const kept = JSON.parse(JSON.stringify(memory.get(first.digest)));
    // No YAML reader would take these bytes: that they are not read shows.
    const other = new TextEncoder().encode("{");
    const again = recallCatalog(other, new Map([[sha256Hex(other), kept]]));
    expect(again).toEqual({ ...first, digest: sha256Hex(other) });
    expect(again?.rules?.place).toEqual(first.rules?.place);
  });

  test("counts for nothing where it is no catalog", () => {
    const odd = { value: { version: "three" } };
    const memory = new Map<string, ReadYaml>([[sha256Hex(bytes), odd]]);
    expect(recallCatalog(bytes, memory)).toBeUndefined();
    expect(recallCatalog(bytes, new Map())).toBeUndefined();
    expect(parseCatalog(bytes, "jit.yaml", memory).version).toBe(3);
    expect(memory.get(sha256Hex(bytes))).not.toBe(odd);
  });

  test("is not noted of a text that is no catalog", () => {
    const memory = new Map<string, ReadYaml>();
    const bad = new TextEncoder().encode(`${good}nonsense: 1\n`);
    expect(() => parseCatalog(bad, "jit.yaml", memory)).toThrow(CatalogError);
    expect(memory.size).toBe(0);
  });
});
