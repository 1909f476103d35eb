import { Command, CommanderError, Option } from "commander";
import { overview } from "./overview.ts";
import { clean } from "./style.ts";
import { version } from "./version.ts";

/**
 * Every command and flag, in one place. Parsing yields an `Invocation`; `run.ts` loads the command's body only then.
 */
export interface Invocation {
  /** Words of the command: `request`, `audit verify`. */
  readonly command: string;
  readonly args: readonly string[];
  readonly flags: Flags;
  /** Names of the flags that stood on the command line itself: not those of variables, nor defaults. */
  readonly typed: readonly string[];
  /** What stood behind `--`, for `exec`; `undefined` where there was no `--`. */
  readonly after: readonly string[] | undefined;
}

export type Flags = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export type Parsed =
  | { readonly kind: "run"; readonly invocation: Invocation }
  /** Help or an error text was written. */
  | { readonly kind: "done"; readonly exit: "ok" | "usage" };

export interface ProgramOutput {
  out(text: string): void;
  err(text: string): void;
  readonly columns: number;
}

export function parseCommandLine(line: readonly string[], output: ProgramOutput): Parsed {
  const argv = line[0] === "help" ? helpWanted(line.slice(1)) : line;
  // `--` ends jit's own words for `exec` alone, so that a child's flags are never read as ours.
  const dashes = argv[0] === "exec" ? argv.indexOf("--") : -1;
  const own = dashes < 0 ? argv : argv.slice(0, dashes);
  const after = dashes < 0 ? undefined : argv.slice(dashes + 1);
  let chosen: Invocation | undefined;
  const program = declare(output, own[0], (command, args, flags, typed) => {
    chosen = { command, args, flags, typed, after };
  });
  try {
    program.parse([...keysLast(own)], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return { kind: "done", exit: error.exitCode === 0 ? "ok" : "usage" };
    throw error;
  }
  if (chosen === undefined) return { kind: "done", exit: "usage" };
  return { kind: "run", invocation: chosen };
}

/** One in 64 thumbprints of keys begins as a flag does: these stand behind `--`, as who knows that would type it. */
function keysLast(words: readonly string[]): readonly string[] {
  const isKey = (word: string) => /^-[A-Za-z0-9_-]{42}$/.test(word);
  if (words.includes("--") || !words.some(isKey)) return words;
  return [...words.filter((word) => !isKey(word)), "--", ...words.filter(isKey)];
}

/** `help audit verify` is `audit verify --help`; of words that name nothing the first is told as misspelt. */
function helpWanted(words: readonly string[]): readonly string[] {
  const [family = "", word] = words;
  if (words.length === 0) return ["--help"];
  if (!isDeclared(family)) return [family];
  const known = word === undefined || !isFamily(family) || isDeclared(`${family} ${word}`);
  if (!known) return [family, word];
  return word !== undefined && isDeclared(`${family} ${word}`)
    ? [family, word, "--help"]
    : [family, "--help"];
}

/** Whether a first word is one that this program has something to say to. */
export function isKnown(word: string): boolean {
  return declared.some(({ name }) => name.split(" ")[0] === word) || helpWords.includes(word);
}

const helpWords: readonly string[] = ["help", "--help", "-h", "--version", "-V"];

function isDeclared(wanted: string): boolean {
  return declared.some(({ name }) => name === wanted);
}

type Choose = (command: string, args: readonly string[], flags: Flags, typed: readonly string[]) => void;

/** One command; a name of two words is a subcommand. `options` is called only for the command that is run or explained. */
interface Declared {
  readonly name: string;
  readonly takes?: string;
  readonly summary: string;
  /** Further help of this command. */
  readonly more?: string;
  /** What `--json` prints, where that is not the answer alone. */
  readonly json?: string;
  readonly hidden?: boolean;
  readonly options?: (command: Command) => unknown;
}

const yes = ["-y, --yes", "do not ask for confirmation"] as const;

const declared: readonly Declared[] = [
  {
    name: "request",
    takes: "[targets...]",
    summary: "ask for a session: STORE:ACCESS, several where the role is one",
    options: (command) =>
      aws(justify(command))
        .option("--dry-run", "show the policy and the record, and write nothing")
        .option(...yes)
        .option("--at <time>", "for a window that opens then: 2026-12-01T09:00Z, or 18:00 here")
        .option("--new", "ask anew even if a session is there, which is then forgotten")
        .option("--wait", "where others must agree, wait for them"),
  },
  {
    name: "watch",
    takes: "[request]",
    summary: "wait for the approvals of a request, and pick its session up",
    options: aws,
  },
  {
    name: "exec",
    takes: "[targets...]",
    summary: "run a command with a session: jit exec TARGET -- COMMAND",
    json: "print jit's own errors and notes as JSON, on stderr",
    more:
      "Without `-- COMMAND` your shell ($SHELL) is opened with the session, on a terminal alone; leave it with exit. " +
      "Without TARGET those of .jit/config.yaml are meant.",
    options: (command) =>
      aws(justify(command))
        .option(
          "--lease <duration>",
          "hand the command only short children of the session, renewed while it runs",
        )
        .option("--only <actions>", "narrow to these actions, comma separated: s3:GetObject", list)
        .option("--forget", "forget the session when the command ends"),
  },
  {
    name: "credentials",
    takes: "[targets...]",
    summary: "print a session for AWS SDKs (credential_process)",
    options: (command) => aws(justify(command)),
  },
  {
    name: "env",
    takes: "[targets...]",
    summary: "print a session for a shell",
    json: "print the variables as one JSON object",
    options: (command) =>
      aws(justify(command)).addOption(
        new Option("--format <format>", "how to print it")
          .choices(["process", "env", "env-no-export", "powershell", "windows-cmd", "fish"])
          .default("env"),
      ),
  },
  { name: "status", summary: "what sessions are there, with their time left" },
  {
    name: "extend",
    takes: "[targets...]",
    summary: "have a session for longer: its targets or its request, --for counted from now",
    more:
      "A new request with a decision of its own; purpose, reason and ticket are those of before unless given. The new session takes the " +
      "place of the old one, whose keys work on until its own end.",
    options: (command) =>
      aws(justify(command))
        .option(...yes)
        .option("--wait", "where others must agree, wait for them"),
  },
  {
    name: "forget",
    takes: "[targets...]",
    summary: "wipe a session from this machine and write its end record",
    more: "Keys that a process got before (exec, env, an SDK) work in AWS until they expire; jit revoke REQUEST ends those.",
    options: (command) =>
      aws(command)
        .option("--all", "every session")
        .option("--break-glass", "of these targets the session of an emergency"),
  },
  {
    name: "pending",
    summary: "the requests that wait for approvals",
    options: aws,
  },
  {
    name: "approve",
    takes: "[request]",
    summary: "look at a request, and agree to it",
    options: (command) =>
      aws(command)
        .option("--comment <text>", "for the record")
        .option(...yes),
  },
  {
    name: "deny",
    takes: "[request]",
    summary: "say no to a request, or withdraw your own",
    options: (command) =>
      aws(command)
        .option("--reason <text>", "why, for the requester and the record")
        .option(...yes),
  },
  {
    name: "revoke",
    takes: "[request]",
    summary: "end live sessions for everybody: of a request, a requester, a store, or all",
    options: (command) =>
      aws(command)
        .option("--requester <name>", "all sessions of one requester, who is also kept from new ones")
        .option("--store <name>", "all sessions of one store")
        .option("--all", "all sessions of the catalog's stores")
        .option("--for <duration>", "how long a requester is kept out", "12h")
        .option("--reason <text>", "why, for the record")
        .option("--lift <name>", "let a requester in again whom you kept out")
        .option("--sweep", "remove denials that have ended")
        .option(...yes),
  },
  {
    name: "sweep",
    summary: "for cron: revoke what was forgotten early, remove denials that have ended",
    options: aws,
  },
  {
    name: "review-debt",
    summary: "emergencies (--break-glass) that nobody has reviewed",
    options: aws,
  },
  {
    name: "review-debt settle",
    takes: "<request>",
    summary: "say whether an emergency of another person was justified",
    options: (command) =>
      aws(command)
        .addOption(new Option("--verdict <verdict>", "what you found").choices(["justified", "unjustified"]))
        .option("--comment <text>", "what it rests on, for the record")
        .option(...yes),
  },
  { name: "stores", summary: "the stores of the catalog", options: aws },
  {
    name: "stores show",
    takes: "<store>",
    summary: "one store with its accesses",
    options: aws,
  },
  {
    name: "explain",
    takes: "[targets...]",
    summary: "what would be opened, for how long, who decides",
    options: (command) =>
      aws(command)
        .option("--for <duration>", "how long, such as 45m, 1h30m or PT45M")
        .option("--break-glass", "as it is had in an emergency")
        .option("--purpose <purpose>", "the purpose that rules are to see")
        .option("--ticket <ticket>", "the ticket that rules are to see"),
  },
  { name: "doctor", summary: "check this machine, the catalog and AWS", options: aws },
  {
    name: "use",
    takes: "[location]",
    summary: "pin an organization: LOCATION#FINGERPRINT",
    options: (command) => aws(command).option("--forget", "pin none"),
  },
  {
    name: "config",
    takes: "[name] [value]",
    summary: "a person's own settings: list, show one, or set one",
    options: (command) => command.option("--unset", "remove the setting"),
  },
  {
    name: "sandbox",
    summary: "an AWS look-alike on this machine to try jit with",
    options: (command) =>
      command
        .option("--port <port>", "port on 127.0.0.1 (4566 if not given)")
        .option("--dir <directory>", "keep the state in a directory")
        .option("--env <person>", "print the environment of a person of the running sandbox, for eval"),
  },
  { name: "audit", summary: "read and verify the records" },
  {
    name: "audit show",
    takes: "<request>",
    summary: "the story of one request",
    options: (command) => copied(aws(command)),
  },
  {
    name: "audit log",
    summary: "who asked for what and why, and what came of it: one line a request",
    more:
      "Newest last, of the last 24 hours unless --since says otherwise. Times are a day (2026-11-24), a time " +
      "(2026-11-24T08:00Z), or how long ago (24h, 7d); UTC where they name no zone. Where a flag takes several " +
      "values, separate them by commas. Exit 20 where a line is not verified.",
    json: "print one JSON object a line for each request",
    options: (command) =>
      copied(aws(command))
        .option(
          "--who <name>",
          "requester: a name (* for any characters), an aws:userid, or a pattern of ARNs",
        )
        .option("--store <names>", "requests for one of these stores", list)
        .option("--access <names>", "requests for one of these accesses: read, customers:read", list)
        .option("--classification <names>", "requests for stores of one of these", list)
        .option(
          "--outcome <names>",
          "granted, scheduled, pending, denied, refused, expired, aborted, revoked or forgotten",
          list,
        )
        .option("--since <time>", "requests made from then on (24h unless told)")
        .option("--until <time>", "requests made before; of a day its end")
        .option("--ticket <text>", "requests whose ticket has this in it")
        .option("--text <text>", "requests whose reason, ticket or purpose has this in it")
        .option("--break-glass", "requests that broke the glass alone")
        .option("--follow", "go on with what is new, until Ctrl-C")
        .option("--interval <duration>", "how often --follow looks", "2s")
        .option("--csv", "print CSV, safe for spreadsheets")
        .option("--bucket <bucket>", "another bucket than the catalog's"),
  },
  {
    name: "audit follow",
    summary: "feed a SIEM: a line for every record and finding, at least once",
    more:
      "Goes on from where the state file says that it stopped; what was not written for certain is told again, with the same id. " +
      "Ends at Ctrl-C, or when nobody reads.",
    json: "print jit's own errors and notes as JSON, on stderr",
    options: (command) =>
      aws(command)
        .addOption(
          new Option("--format <format>", "of the lines").choices(["json", "ocsf", "cef"]).default("json"),
        )
        .option("--state <file>", "where it remembers what was told")
        .option("--from <time>", "where there is no state yet: from when on (24h)")
        .option("--texts", "tell reasons, tickets and comments, too")
        .option("--once", "look once, and end")
        .option("--interval <duration>", "how often it looks", "10s")
        .option("--full <duration>", "how often at all hours, for what came late", "1h")
        .option("--lateness <duration>", "how old those hours may be", "744h"),
  },
  {
    name: "audit alerts",
    summary: "for cron: what somebody must look at, each kind with a deadline",
    more:
      "Kinds, the gravest first (exit 30 to 34), and their deadlines: bypass 15m, break-glass at once, review as the catalog has it (24h), " +
      "seal 1h, witness 2h.",
    options: (command) =>
      aws(command)
        .option("--only <kinds>", "of these kinds alone, comma separated", list)
        .option("--deadline <kind=duration>", "another deadline: seal=2h", append, [])
        .option("--since <time>", "how far back it looks (24h unless told)")
        .option("--trail <s3://bucket>", "for bypass, as in audit reconcile", append, [])
        .option("--regions <regions>", "the same", list)
        .addOption(new Option("--webhook <url>", "is told each").env("JIT_ALERT_WEBHOOK"))
        .addOption(new Option("--format <format>", "for it, json unless told").choices(["json", "slack"]))
        .option("--secret-variable <name>", "holds the secret of its signature")
        .option("--network <cidr>", "private addresses where it may be", append, [])
        .option("--repeat <duration>", "when to tell again what persists", "24h")
        .option("--state <file>", "where it remembers what was told"),
  },
  {
    name: "audit report",
    summary: "what happened in a period, for those who check: Markdown, HTML or CSV",
    more:
      "Facts for GDPR, HIPAA, PCI DSS or SOC 2 from the records, with what could not be verified first. Days are " +
      "UTC and belong to the period whole. Exit 20 where something could not be verified; the report is there then, too.",
    json: "print the figures as one JSON object",
    options: (command) =>
      copied(aws(command))
        .addOption(
          new Option("--for <framework>", "whose questions it speaks to").choices([
            "gdpr",
            "hipaa",
            "pci",
            "soc2",
          ]),
        )
        .option("--from <date>", "the period's first day, or how long ago (30d)")
        .option("--to <date>", "its last day (now unless told)")
        .addOption(new Option("--format <format>", "how").choices(["md", "html", "csv"]).default("md"))
        .option("--out <file>", "write it there (0600) and not to stdout")
        .option("--office-hours <hours>", "Monday to Friday, such as 08:00-18:00", "08:00-18:00")
        .option("--time-zone <zone>", "of the office hours: Europe/Berlin (that of the rules unless told)")
        .option("--bucket <bucket>", "another bucket than the catalog's"),
  },
  {
    name: "audit export",
    takes: "[directory]",
    summary: "write the log as Parquet files, a folder for each day",
    more:
      "One row for each record, with its place in the log's tree and its leaf hash; docs/query.md has the columns. Days are UTC and " +
      "whole; a run again writes those that changed. Reasons that are kept apart stay there. Exit 20 where a row is not verified.",
    options: (command) =>
      copied(aws(command))
        .option("--since <time>", "requests of that day and later (the whole log unless told)")
        .option("--until <time>", "and up to that day")
        .option(
          "--ddl <s3://bucket/prefix>",
          "print Athena's table and view of a copy there, and export nothing",
        )
        .option("--bucket <bucket>", "another bucket than the catalog's"),
  },
  {
    name: "audit query",
    takes: "<sql>",
    summary: "ask what jit audit export wrote in SQL, on this machine",
    more:
      "SELECT from records (a row for each record) or requests (a row for each request); docs/query.md has the columns, and queries. " +
      "Needs DuckDB beside jit: npm install @duckdb/node-api. A query reads the export and nothing else, and writes nothing.",
    json: "print one JSON object a line for each row",
    options: (command) =>
      command
        .option("--dir <directory>", "the export (the folder that one is in unless told)")
        .option("--csv", "print CSV, safe for spreadsheets"),
  },
  {
    name: "audit verify",
    summary: "check every record of the bucket",
    options: (command) =>
      copied(aws(command))
        .option("--strict", "noise fails too")
        .option("--ignore-acknowledged", "what administrators have acknowledged fails as well")
        .option("--bucket <bucket>", "another bucket than the catalog's")
        .option("--since <file>", "read only what is new since a checkpoint that was verified before")
        .option("--keep <file>", "where nothing is wrong, write the checkpoint there, for --since")
        .option("--proof <file>", "check a request's proof alone, without network or credentials"),
  },
  {
    name: "audit acknowledge",
    takes: "<finding>",
    summary: "say as an administrator that a finding is known, and why it may stand",
    more:
      "FINDING is the hash that jit audit verify shows, or its first digits. As many administrators as must sign a catalog have to: " +
      "then it fails nothing any more, and stays listed with their names and reasons. Should anything of it change, it is another finding.",
    options: (command) =>
      aws(command)
        .option("--reason <text>", "why it may stand; everybody who verifies reads it")
        .option(
          "--key <key>",
          "the administrator's private key: a file (JWK) or a KMS key's ARN",
          "admin.jwk",
        )
        .option("--bucket <bucket>", "another bucket than the catalog's"),
  },
  {
    name: "audit prove",
    takes: "[request]",
    summary: "write what proves that a request's records, or one entry, are in the log",
    more:
      "The file holds the records, their inclusion proofs (C2SP tlog-proof), a checkpoint with its cosignatures and the chain of trust files. " +
      "Whoever has the organization's fingerprint checks it by: jit audit verify --proof FILE",
    options: (command) =>
      copied(aws(command))
        .option("--index <number>", "one entry of the log's tree alone: tree_index of a row")
        .option("--out <file>", "where to write it; printed unless told"),
  },
  {
    name: "audit reconcile",
    summary: "compare CloudTrail with the records, both ways",
    more:
      "Reads the event history of the caller's account (management events of 90 days), or the files of a trail. Of the last " +
      "24 hours unless --since says otherwise; times as in audit log. Exit 20 where anything is wrong, 21 where nothing could be compared.",
    options: (command) =>
      copied(aws(command))
        .option("--since <time>", "from when")
        .option("--until <time>", "until when")
        .option(
          "--trail <s3://bucket/prefix>",
          "files of a trail in its bucket; several may be given",
          append,
          [],
        )
        .option("--trail-dir <directory>", "a copy of a trail's files; several may be given", append, [])
        .option(
          "--trail-keys <file>",
          "CloudTrail's public keys, as aws cloudtrail list-public-keys prints them",
        )
        .option("--regions <regions>", "regions of the event history, comma separated", list)
        .option("--strict", "what could not be looked at fails, too"),
  },
  {
    name: "audit mirror",
    takes: "<directory>",
    summary: "copy the log into a folder, what is new alone",
    options: (command) => aws(command).option("--bucket <bucket>", "another bucket than the catalog's"),
  },
  {
    name: "audit seal",
    summary: "for cron: put what is new into the log's tree, and sign it",
    more:
      "Any number may run at once, and be cut off. A run looks through the last hours, the first of each day (UTC) through all: " +
      "what arrives late under an old name is sealed within a day.",
    options: (command) =>
      aws(command)
        .option("--key <key>", "the log's private key: a file (JWK) or a KMS key's ARN", "log.jwk")
        .option("--full", "look through all hours now"),
  },
  {
    name: "audit witness",
    summary: "for cron: cosign the log's newest checkpoint, if it continues the last",
    options: (command) =>
      aws(command)
        .option("--key <key>", "the witness's private key: a file (JWK) or a KMS key's ARN", "witness.jwk")
        .option("--state <file>", "where it remembers what it cosigned"),
  },
  // For `exec`, which hands the end of its command to a process of its own.
  {
    name: "audit end",
    summary: "write the end record of a command",
    hidden: true,
    options: aws,
  },
  { name: "catalog", summary: "check, sign and publish the catalog" },
  { name: "catalog check", takes: "[file]", summary: "check a catalog for mistakes" },
  {
    name: "catalog sign",
    takes: "[file]",
    summary: "sign a catalog with an administrator's key",
    options: (command) =>
      aws(command).option("--key <key>", "private key: a file (JWK) or a KMS key's ARN", "admin.jwk"),
  },
  {
    name: "catalog publish",
    takes: "[file]",
    summary: "publish a signed catalog and the trust files to the audit bucket",
    options: aws,
  },
  { name: "reasons", summary: "reasons and tickets that are kept apart from records" },
  {
    name: "reasons erase",
    takes: "[requests...]",
    summary: "erase the reason and ticket of requests, or of all of a requester",
    options: (command) =>
      aws(command)
        .option("--requester <name>", "all texts of one requester, by name or aws:userid")
        .option(...yes),
  },
  { name: "rules", summary: "check and test the catalog's rules" },
  {
    name: "rules check",
    takes: "[file]",
    summary: "check the rules of a catalog for mistakes",
    options: (command) => command.option("--schema", "print the Cedar schema that rules are written for"),
  },
  {
    name: "rules test",
    takes: "<file>",
    summary: "try the rules on a table of cases (YAML)",
    options: (command) => command.option("--catalog <file>", "the catalog", "jit.yaml"),
  },
  { name: "keys", summary: "the keys that records are signed with" },
  {
    name: "keys list",
    summary: "this machine's keys, or all of the log",
    options: (command) => aws(command).option("--all", "all keys of the log, with first and last use"),
  },
  {
    name: "keys show",
    takes: "[key]",
    summary: "one key, by thumbprint or KMS ARN: whose it is, and who says so",
    options: aws,
  },
  {
    name: "keys rotate",
    summary: "throw this machine's key away, and enrol a new one",
    options: (command) => aws(command).option(...yes),
  },
  {
    name: "keys trust",
    summary: "by what it is told whose key it is, and which keys are revoked",
    options: aws,
  },
  {
    name: "keys revoke",
    takes: "<thumbprint>",
    summary: "make the next trust file, in which a writer's key no longer counts",
    options: (command) =>
      aws(command)
        .option("--at <time>", "from when on, by S3's clock: 2026-11-24T08:16:00Z (now unless told)")
        .option("--size <number>", "and from this size of the tree on")
        .option(
          "--key <key>",
          "the administrator's private key: a file (JWK) or a KMS key's ARN",
          "admin.jwk",
        )
        .option("--dir <directory>", "the trust files", "trust"),
  },
  { name: "notify", summary: "who is told of requests" },
  {
    name: "notify test",
    summary: "send a test message to everybody whom the catalog tells of anything",
    options: aws,
  },
  { name: "trust", summary: "who may sign what" },
  {
    name: "trust init",
    summary: "make an administrator's key and the first trust file",
    options: (command) =>
      aws(command)
        .option("--organization <name>", "the organization's name, as in the catalog")
        .option("--name <name>", "the administrator's name")
        .option("--key <key>", "where the private key goes (JWK, 0600), or a KMS key's ARN", "admin.jwk")
        .option("--dir <directory>", "where trust files go", "trust")
        .option("--threshold <number>", "how many administrators must sign", "1")
        .option(
          "--administrator <name=key>",
          "a further administrator's public key (JWK), or KMS key",
          append,
          [],
        )
        .option(
          "--token-issuer <url=file>",
          "who signs statements, with its keys (JWK set): AWS for an account, a CI service",
          append,
          [],
        )
        .option(
          "--session-name-role <arn>",
          "a role whose identity provider sets session names, as Identity Center does",
          append,
          [],
        )
        .option("--log-key <key>", "may sign the log's checkpoints: what jit trust key prints", append, [])
        .option("--witness <key>", "cosigns them", append, []),
  },
  {
    name: "trust key",
    takes: "<name>",
    summary: "make a log's or a witness's key, and print what trust files call it",
    options: (command) =>
      aws(command)
        .option("--witness", "a witness's")
        .option(
          "--key <key>",
          "the private key (JWK) or a KMS key's ARN; log.jwk or witness.jwk unless told",
        ),
  },
  {
    name: "trust update",
    summary: "make the next trust file, with other log keys and witnesses",
    options: (command) =>
      aws(command)
        .option("--log-key <key>", "may sign checkpoints, as jit trust key prints it", append, [])
        .option("--witness <key>", "cosigns them", append, [])
        .option("--remove <key>", "no longer does", append, [])
        .option("--key <key>", "the administrator's private key (JWK) or a KMS key's ARN", "admin.jwk")
        .option("--dir <directory>", "the trust files", "trust"),
  },
  {
    name: "trust sign",
    takes: "[file]",
    summary: "add an administrator's signature to a trust file",
    options: (command) =>
      aws(command).option("--key <key>", "private key: a file (JWK) or a KMS key's ARN", "admin.jwk"),
  },
  {
    name: "trust show",
    summary: "the trust file that is believed, and its fingerprint",
    options: (command) => aws(command).option("--dir <directory>", "trust files of a directory"),
  },
];

/** All commands by name, and with their options those of the family that `first` names. */
function declare(output: ProgramOutput, first: string | undefined, choose: Choose): Command {
  const settings = (command: Command): Command =>
    command
      .exitOverride()
      .showHelpAfterError("(add --help for what it takes)")
      .configureOutput({
        writeOut: output.out,
        // What was typed is repeated there.
        writeErr: (text) => output.err(text.split("\n").map(clean).join("\n")),
        getOutHelpWidth: () => output.columns,
        getErrHelpWidth: () => output.columns,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });
  const program = settings(new Command("jit"))
    .description("Short-lived AWS credentials for one store of personal data, after you say why.")
    .usage("COMMAND [options]")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false);
  program.helpInformation = () => overview;
  const known = first !== undefined && isDeclared(first);
  const parents = new Map<string, Command>();
  for (const { name, takes, summary, more, json, hidden, options } of declared) {
    const [family = "", word] = name.split(" ");
    // A run needs one family; help, and a misspelt name, need the names of all.
    if (known ? family !== first : word !== undefined) continue;
    const parent = word === undefined ? program : (parents.get(family) ?? program);
    const usage = takes === undefined ? (word ?? family) : `${word ?? family} ${takes}`;
    const command = settings(
      parent
        .command(usage, { hidden: hidden === true })
        .summary(summary)
        .description(more === undefined ? summary : `${summary}\n\n${more}`),
    );
    parents.set(name, command);
    if (isFamily(name) || !known) continue;
    command
      .option("--json", json ?? "print JSON for programs")
      .option("--no-color", "print without colour (as NO_COLOR does)");
    options?.(command);
    command.action((...given: unknown[]) => {
      const args = given.slice(0, -2).flatMap((value) => (Array.isArray(value) ? value : [value]));
      const words = args.filter((value): value is string => typeof value === "string");
      // A flag that a parent knows too (`stores show --json`) is kept there.
      const typed = command.options
        .map((option) => option.attributeName())
        .filter((option) => command.getOptionValueSource(option) === "cli");
      choose(name, words, command.optsWithGlobals(), typed);
    });
  }
  return program;
}

/** Whether a name alone is no command, only the first word of several. */
function isFamily(name: string): boolean {
  return ["audit", "catalog", "keys", "notify", "reasons", "rules", "trust"].includes(name);
}

/** Flags by which a person says why; each has a variable, so that a pipeline needs no prompt. */
function justify(command: Command): Command {
  return command
    .addOption(new Option("--for <duration>", "how long, such as 45m, 1h30m or PT45M").env("JIT_FOR"))
    .addOption(new Option("--purpose <purpose>", "one of the catalog's purposes").env("JIT_PURPOSE"))
    .addOption(new Option("--reason <text>", "why, in your own words").env("JIT_REASON"))
    .addOption(new Option("--ticket <ticket>", "the ticket it is for").env("JIT_TICKET"))
    .option("--break-glass", "in an emergency: without anybody's approval, loud, and reviewed afterwards");
}

function aws(command: Command): Command {
  return command
    .addOption(new Option("--profile <name>", "AWS profile to ask with").env("JIT_PROFILE"))
    .addOption(new Option("--region <region>", "AWS region to use").env("JIT_REGION"));
}

function copied(command: Command): Command {
  return command.option(
    "--mirror <directory>",
    "a copy that jit audit mirror made: no network, no credentials",
  );
}

function list(value: string): string[] {
  return value.split(",").map((word) => word.trim());
}

function append(value: string, before: string[]): string[] {
  return [...before, value];
}
