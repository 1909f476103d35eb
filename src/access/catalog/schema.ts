import * as v from "valibot";
import { durationPattern, parseDuration } from "../duration.ts";
import { namePattern } from "../target.ts";
import { findHostile } from "../text.ts";

/**
 * `jit.yaml`. What this describes is published for editors as schema/jit.schema.json (a test keeps it true), so each
 * field says what it is for.
 */
const text = (longest = 200) =>
  v.pipe(
    v.string(),
    v.check((value) => value.trim() !== "", "must not be empty"),
    v.maxLength(longest, `has more than ${longest} characters`),
    v.check((value) => findHostile(value) === undefined, hostile),
  );

const hostile = "holds a control, bidirectional or zero-width character";

/** What a session policy takes in literally: STS refuses characters beyond U+00FF there. May be empty. */
const policyText = (longest: number) =>
  v.pipe(
    v.string(),
    v.maxLength(longest, `has more than ${longest} characters`),
    v.check((value) => findHostile(value) === undefined, hostile),
    v.regex(/^[\u0020-\u00ff]*$/, "has a character beyond U+00FF, which STS refuses in a session policy"),
  );

const describe = <S extends v.GenericSchema>(schema: S, description: string) =>
  v.pipe(schema, v.description(description));

const name = v.pipe(
  v.string(),
  v.regex(namePattern, "must be lower-case letters, digits and hyphens, beginning with a letter"),
);

/** The description stands before the transformation, since what follows one is no part of the input's JSON Schema. */
const duration = (description: string) =>
  v.pipe(
    v.string("must be a duration such as 45m or 1h30m"),
    v.description(description),
    v.regex(durationPattern, "is no duration: write it as 45m, 1h30m or PT45M"),
    v.check((value) => !durationPattern.test(value) || /[1-9]/.test(value), "must be longer than nothing"),
    v.transform(parseDuration),
  );

const account = v.pipe(
  v.string('must be quoted: "012345678901"'),
  v.regex(/^\d{12}$/, "must be 12 digits, in quotes"),
);
const region = v.pipe(v.string(), v.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, "is no AWS region"));
const bucket = v.pipe(
  v.string(),
  v.regex(/^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "is no bucket name"),
);
const roleArn = v.pipe(
  v.string(),
  v.regex(/^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/, "is no role's ARN"),
);
const secretArn = v.pipe(
  v.string(),
  v.regex(
    /^arn:aws(?:-[a-z]+)*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,512}-(?:[A-Za-z0-9]{6}|\?{6})$/,
    "is no full ARN of a secret; -?????? may stand for a suffix that is not known",
  ),
);
const keyArn = v.pipe(
  v.string(),
  v.regex(
    /^arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,64}$/,
    "is no ARN of a KMS key; an alias does not count in a policy",
  ),
);

const list = <S extends v.GenericSchema>(item: S) =>
  v.pipe(v.array(item), v.minLength(1, "must name at least one"));

/** A list of words, none of them twice. */
const words = <S extends v.GenericSchema<string, string>>(item: S) =>
  v.pipe(
    list(item),
    v.check((all) => new Set(all).size === all.length, "names one twice"),
  );

const s3 = v.strictObject({
  bucket: describe(bucket, "Bucket name"),
  prefix: v.optional(
    describe(
      policyText(1024),
      'Key prefix, literally; end it with / to mean a folder; "" is the whole bucket',
    ),
  ),
  prefixes: v.optional(describe(words(policyText(1024)), "Several key prefixes")),
  allow: describe(words(v.picklist(["read", "list", "write", "delete"])), "What may be done there"),
});

const dynamodb = v.strictObject({
  table: describe(
    v.pipe(
      v.string(),
      v.regex(
        /^(?:arn:aws(?:-[a-z]+)*:dynamodb:[a-z0-9-]+:\d{12}:table\/)?[\w.-]{3,255}$/,
        "is no table name or table ARN",
      ),
    ),
    "Table name, or its ARN where account or region are not the role's",
  ),
  indexes: v.optional(
    describe(
      v.union([v.literal("all"), words(v.pipe(v.string(), v.regex(/^[\w.-]{3,255}$/, "is no index name")))]),
      "Index names, or all",
    ),
  ),
  attributes: v.optional(
    describe(
      words(v.pipe(policyText(255), v.minLength(1, "must not be empty"))),
      "Attributes that may be read or written; all when left out",
    ),
  ),
  leadingKeys: v.optional(
    describe(
      words(v.pipe(policyText(2048), v.minLength(1, "must not be empty"))),
      "Partition key values; policy variables may stand in them",
    ),
  ),
  allow: describe(words(v.picklist(["read", "query", "scan", "write", "delete"])), "What may be done there"),
});

const access = v.strictObject({
  title: v.optional(describe(text(), "What this access is for, in one line")),
  maximumDuration: v.optional(duration("Longest session, such as 30m; the store's when left out")),
  s3: v.optional(describe(list(s3), "Objects of S3 buckets")),
  dynamodb: v.optional(describe(list(dynamodb), "Items of DynamoDB tables")),
  secrets: v.optional(describe(words(secretArn), "ARNs of Secrets Manager secrets")),
  kms: v.optional(
    describe(
      list(
        v.strictObject({
          key: describe(keyArn, "The key's ARN"),
          allow: describe(words(v.picklist(["decrypt", "encrypt"])), "What may be done with it"),
          viaServices: v.optional(
            describe(
              words(
                v.pipe(
                  v.string(),
                  v.regex(
                    /^[a-z0-9-]+\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/,
                    "is no AWS service's host name",
                  ),
                ),
              ),
              "Services through which alone the key may be used",
            ),
          ),
        }),
      ),
      "KMS keys",
    ),
  ),
  databases: v.optional(
    describe(
      list(
        v.strictObject({
          resourceId: describe(
            v.pipe(
              v.string(),
              v.regex(/^(?:db|cluster|prx)-[A-Za-z0-9]+$/, "is no DB resource id (db-…, cluster-… or prx-…)"),
            ),
            "Resource id of the instance, cluster or proxy",
          ),
          user: describe(
            v.pipe(v.string(), v.regex(/^[\w.@-]{1,63}$/, "is no database user")),
            "Database user for rds-db:connect",
          ),
          region: v.optional(describe(region, "Its region; the store's when left out")),
          account: v.optional(describe(account, "Its account, in quotes; the role's when left out")),
        }),
      ),
      "Database users to log in as, by rds-db:connect",
    ),
  ),
  statements: v.optional(
    describe(
      list(v.record(v.string(), v.unknown())),
      "Raw IAM statements for what has no form of its own; never sts or iam",
    ),
  ),
});

const networks = v.strictObject({
  cidrs: v.optional(
    describe(
      words(v.pipe(v.string(), v.regex(/^[0-9a-fA-F:.]+\/\d{1,3}$/, "is no CIDR block"))),
      "Public address blocks",
    ),
  ),
  vpcEndpoints: v.optional(
    describe(
      words(v.pipe(v.string(), v.regex(/^vpce-[0-9a-f]{8,17}$/, "is no VPC endpoint id"))),
      "Ids of VPC endpoints",
    ),
  ),
  vpcs: v.optional(
    describe(
      words(v.pipe(v.string(), v.regex(/^vpc-[0-9a-f]{8,17}$/, "is no VPC id"))),
      "Ids of VPCs that reach AWS through an endpoint",
    ),
  ),
});

/** An ARN with `*` within its parts. Of IAM users and of sessions of roles: that is what callers are. */
const principalPattern = v.pipe(
  v.string(),
  v.maxLength(512, "has more than 512 characters"),
  v.regex(
    /^arn:aws(?:-[a-z]+)*:(?:iam::(?:\d{12}|\*):user\/|sts::(?:\d{12}|\*):assumed-role\/)[\w+=,.@/*-]+$/,
    "is no pattern of a caller's ARN: arn:aws:iam::ACCOUNT:user/NAME or arn:aws:sts::ACCOUNT:assumed-role/ROLE/*",
  ),
);

const approval = v.strictObject({
  quorum: v.optional(
    describe(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5)),
      "How many distinct persons must agree; 1 when left out",
    ),
  ),
  expires: v.optional(
    duration("How long a request waits for its approvals and may then be issued; 8h when left out"),
  ),
  approvers: v.optional(
    describe(
      words(v.union([name, principalPattern], "is no group's name, and no pattern of a caller's ARN")),
      "Groups, or patterns of callers' ARNs, that may agree; rules must allow it, too, where there are any",
    ),
  ),
});

const store = v.strictObject({
  title: describe(text(), "What is in it, in one line"),
  classification: describe(text(60), "The organization's word for how sensitive it is"),
  dataCategories: describe(words(text(60)), "Categories of personal data, as in the record of processing"),
  owner: v.optional(describe(text(), "Who answers for it")),
  role: describe(roleArn, "The role that sessions are made of"),
  region: v.optional(describe(region, "Region of its data; the defaults' when left out")),
  issuer: v.optional(
    describe(v.picklist(["requester", "approver", "broker"]), "Whose identity assumes the role"),
  ),
  networks: v.optional(describe(networks, "Where sessions may be used from")),
  maximumDuration: duration("Longest session, such as 1h"),
  lease: v.optional(duration("jit exec hands the command no more than this at a time")),
  approval: v.optional(describe(approval, "What an approval takes; the defaults' when left out")),
  breakGlass: v.optional(
    describe(
      v.strictObject({
        role: describe(roleArn, "A role for emergencies alone, which requesters can assume"),
        maximumDuration: duration("Longest session of an emergency, such as 30m"),
      }),
      "How it is had in an emergency without anybody's approval: loud, and reviewed afterwards",
    ),
  ),
  accesses: describe(
    v.pipe(v.record(name, access), v.minEntries(1, "must name at least one")),
    "Named levels of access",
  ),
});

const group = v.strictObject({
  principals: v.optional(
    describe(words(principalPattern), "Patterns of callers' ARNs; * stands for anything but / and :"),
  ),
  users: v.optional(
    describe(
      words(
        v.pipe(
          v.string(),
          v.regex(/^(?:[0-9a-f]{10}-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "is no user id"),
        ),
      ),
      "IAM Identity Center user ids",
    ),
  ),
  tags: v.optional(
    describe(
      v.pipe(
        v.record(
          v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:/-]{1,100}$/, "is no tag key that records hold")),
          words(text(256)),
        ),
        v.minEntries(1, "must name at least one"),
      ),
      "Principal tags that AWS attests, each with the values that count; all keys must fit",
    ),
  ),
});

const privateBlocks = words(v.pipe(v.string(), v.regex(/^[0-9a-fA-F:.]+\/\d{1,3}$/, "is no CIDR block")));

const ticketCheck = v.strictObject({
  url: describe(
    text(500),
    "https URL; {ticket} in it stands for the encoded ticket, without it the ticket is sent as JSON (POST)",
  ),
  onDown: v.optional(
    describe(
      v.picklist(["refuse", "warn", "allow"]),
      "What becomes of a request where it does not answer; refuse when left out",
    ),
  ),
  timeout: v.optional(duration("How long it may take in all, at most 30s; 3s when left out")),
  assigned: v.optional(
    describe(v.boolean(), "Whether the ticket must be assigned to who asks; false when left out"),
  ),
  networks: v.optional(
    describe(
      privateBlocks,
      "Blocks of private addresses where it may be; it is asked at no other private address",
    ),
  ),
});

const notification = v.strictObject({
  webhook: v.optional(
    describe(
      v.strictObject({
        url: describe(text(500), "https URL that the message is sent to by POST"),
        format: describe(
          v.picklist(["slack", "json"]),
          "slack: as Slack takes it; json: docs/notifications.md",
        ),
        secretVariable: v.optional(
          describe(
            v.pipe(
              v.string(),
              v.regex(/^JIT_[A-Z0-9_]{1,60}$/, "is no name of a variable that begins with JIT_"),
            ),
            "Environment variable that holds the secret by which the message is signed (HMAC); never the secret",
          ),
        ),
        networks: v.optional(describe(privateBlocks, "Blocks of private addresses where it may be")),
      }),
      "A webhook",
    ),
  ),
  command: v.optional(
    describe(
      v.pipe(
        list(text(500)),
        v.check(
          ([program = ""]) => /^(?:\/|[A-Za-z]:[\\/])/.test(program),
          "must begin with the absolute path of a program",
        ),
      ),
      "A program and its arguments; it is given the JSON on standard input, and no shell",
    ),
  ),
  on: describe(
    words(v.picklist(["pending", "approved", "denied", "issued", "breakGlass", "revoked"])),
    "What it is told of",
  ),
  texts: v.optional(
    describe(v.boolean(), "Whether reason, ticket and comments may stand in it; false when left out"),
  ),
  timeout: v.optional(duration("How long it may take in all, at most 30s; 3s when left out")),
});

/** Several lines are the point of it, so line breaks are allowed here alone. */
const ruleText = v.pipe(
  v.string("must be Cedar policies, as a block of text (rules: |)"),
  v.check((value) => value.trim() !== "", "must not be empty"),
  v.check((value) => findHostile(value.replace(/[\n\t]/g, " ")) === undefined, hostile),
);

export const catalogSchema = v.strictObject({
  version: describe(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), "Goes up with every publication"),
  organization: describe(name, "The organization's name, as in the trust file"),
  audit: describe(
    v.strictObject({
      bucket: describe(bucket, "Bucket of the records"),
      account: describe(account, "Account that owns the bucket"),
      region: describe(region, "Region of the bucket"),
      reasons: v.optional(
        describe(
          v.pipe(
            v.string(),
            v.regex(
              /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/(?:[\w.-]+\/)*$/,
              "must be s3://bucket/prefix/",
            ),
          ),
          "Where reasons and tickets go, in place of the records",
        ),
      ),
    }),
    "The shared bucket of signed records",
  ),
  endpoints: v.optional(
    describe(
      words(
        v.pipe(
          v.string(),
          v.regex(
            /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,39}\])(?::[1-9]\d{0,4})?$/,
            "must be host or host:port, in lower case",
          ),
        ),
      ),
      "Endpoint hosts, other than AWS's own, that clients may be pointed to",
    ),
  ),
  justification: v.optional(
    describe(
      v.strictObject({
        purposes: v.optional(
          describe(v.record(name, text()), "Purposes to choose from, with what each means"),
        ),
        minimumLength: v.optional(
          describe(
            v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)),
            "Fewest characters of a reason",
          ),
        ),
        ticket: v.optional(
          describe(
            v.strictObject({
              required: v.optional(describe(v.boolean(), "Whether a request needs one; false when left out")),
              pattern: v.optional(describe(text(100), "Regular expression that the whole ticket must match")),
              example: v.optional(describe(text(60), "A ticket that matches, shown as an example")),
              check: v.optional(describe(ticketCheck, "A webhook that is asked about each ticket")),
            }),
            "The ticket that a request names",
          ),
        ),
      }),
      "What who asks has to say",
    ),
  ),
  defaults: v.optional(
    describe(
      v.strictObject({
        duration: v.optional(duration("Length of a session where nobody says how long; 30m when left out")),
        region: v.optional(describe(region, "Region of the stores that name none")),
        purpose: v.optional(describe(name, "Purpose where nobody names one")),
        approval: v.optional(describe(approval, "What an approval takes, where a store does not say")),
      }),
      "What holds where a store or a request says nothing",
    ),
  ),
  notifications: v.optional(
    describe(v.pipe(list(notification), v.maxLength(16, "has more than 16")), "Who is told of what happens"),
  ),
  breakGlass: v.optional(
    describe(
      v.strictObject({
        unreviewed: v.optional(
          describe(
            v.picklist(["note", "refuse"]),
            "What becomes of the next request of who broke the glass, until that is reviewed; note when left out",
          ),
        ),
        grace: v.optional(duration("How long after it nothing is refused; 24h when left out")),
      }),
      "What follows from breaking the glass",
    ),
  ),
  groups: v.optional(describe(v.record(name, group), "Groups of principals that rules speak of")),
  timeZone: v.optional(
    describe(
      v.pipe(
        v.string(),
        v.regex(/^[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*$/, "is no time zone such as Europe/Berlin"),
      ),
      "Zone of the hours and weekdays in rules; UTC when left out",
    ),
  ),
  rules: v.optional(
    describe(
      ruleText,
      "Cedar policies that say who may have what, as a block of text (rules: |); docs/rules.md",
    ),
  ),
  stores: describe(
    v.pipe(v.record(name, store), v.minEntries(1, "must name at least one")),
    "The stores of personal data",
  ),
});

export type CatalogYaml = v.InferOutput<typeof catalogSchema>;
