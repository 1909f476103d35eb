import { Command, CommanderError, Option } from "commander";
import { version } from "./version.ts";

/**
 * Every command and flag, in one place. Parsing yields an `Invocation`; `run.ts` loads the command's body only then.
 */
export interface Invocation {
  /** Words of the command: `request`, `audit verify`. */
  readonly command: string;
  readonly args: readonly string[];
  readonly flags: Flags;
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

export function parseCommandLine(argv: readonly string[], output: ProgramOutput): Parsed {
  // `--` ends jit's own words for `exec` alone, so that a child's flags are never read as ours.
  const dashes = argv[0] === "exec" ? argv.indexOf("--") : -1;
  const own = dashes < 0 ? argv : argv.slice(0, dashes);
  const after = dashes < 0 ? undefined : argv.slice(dashes + 1);
  let chosen: Invocation | undefined;
  const program = declare(output, (command, args, flags) => {
    chosen = { command, args, flags, after };
  });
  try {
    program.parse([...own], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return { kind: "done", exit: error.exitCode === 0 ? "ok" : "usage" };
    throw error;
  }
  if (chosen === undefined) return { kind: "done", exit: "usage" };
  return { kind: "run", invocation: chosen };
}

type Choose = (command: string, args: readonly string[], flags: Flags) => void;

function declare(output: ProgramOutput, choose: Choose): Command {
  const settings = (command: Command): Command =>
    command
      .exitOverride()
      .showHelpAfterError("(add --help for what it takes)")
      .configureOutput({
        writeOut: output.out,
        writeErr: output.err,
        getOutHelpWidth: () => output.columns,
        getErrHelpWidth: () => output.columns,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });

  const add = (parent: Command, words: string, summary: string, path: string): Command => {
    const command = settings(parent.command(words).summary(summary).description(summary));
    command
      .option("--json", "print JSON for programs")
      .option("--no-color", "print without colour (as NO_COLOR does)");
    command.action((...given: unknown[]) => {
      const args = given.slice(0, -2).flatMap((value) => (Array.isArray(value) ? value : [value]));
      choose(
        path,
        args.filter((value): value is string => typeof value === "string"),
        command.opts(),
      );
    });
    return command;
  };

  const program = settings(new Command("jit"))
    .description("Short-lived AWS credentials for one store of personal data, after you say why.")
    .usage("COMMAND [options]")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", `\n${examples}`);

  program.commandsGroup("Ask and use:");
  const request = add(
    program,
    "request [targets...]",
    "ask for a session: STORE:ACCESS, more than one where the role is one",
    "request",
  );
  aws(justify(request))
    .option("--dry-run", "show the policy and the record, and write nothing")
    .option("-y, --yes", "do not ask for confirmation")
    .option("--new", "ask anew even if a session is there");
  const exec = add(
    program,
    "exec <targets...>",
    "run a command with a session: jit exec TARGET -- COMMAND",
    "exec",
  );
  aws(justify(exec))
    .option(
      "--lease <duration>",
      "hand the command only short children of the session, renewed while it runs",
    )
    .option("--only <actions>", "narrow to these actions, comma separated: s3:GetObject", list)
    .option("--forget", "forget the session when the command ends");
  const credentials = add(
    program,
    "credentials <targets...>",
    "print a session for AWS SDKs (credential_process)",
    "credentials",
  );
  aws(justify(credentials));
  const env = add(program, "env <targets...>", "print a session for a shell", "env");
  aws(justify(env)).addOption(
    new Option("--format <format>", "how to print it")
      .choices(["process", "env", "env-no-export", "powershell", "windows-cmd", "fish"])
      .default("env"),
  );
  const status = add(program, "status", "what sessions are there, with their time left", "status");
  status.option("--all", "also those of other organizations");
  aws(
    add(program, "forget [targets...]", "end a session now: wipe it and write the end record", "forget"),
  ).option("--all", "every session");

  program.commandsGroup("Look:");
  add(program, "stores", "the stores of the catalog", "stores");
  const stores = program.commands.at(-1);
  if (stores !== undefined) add(stores, "show <store>", "one store with its accesses", "stores show");
  const explain = add(
    program,
    "explain <targets...>",
    "what would be opened, for how long, who decides",
    "explain",
  );
  aws(explain).option("--for <duration>", "how long, such as 45m, 1h30m or PT45M");
  aws(add(program, "doctor", "check this machine, the catalog and AWS", "doctor"));

  program.commandsGroup("Set up:");
  const use = aws(add(program, "use [location]", "pin an organization: LOCATION#FINGERPRINT", "use"));
  use.option("--forget", "pin none");
  const config = add(
    program,
    "config [name] [value]",
    "a person's own settings: list, show one, or set one",
    "config",
  );
  config.option("--unset", "remove the setting");
  const sandbox = add(program, "sandbox", "an AWS look-alike on this machine to try jit with", "sandbox");
  sandbox
    .option("--port <port>", "port on 127.0.0.1", "4566")
    .option("--dir <directory>", "keep the state in a directory")
    .option("--env <person>", "print the environment of a person of the running sandbox, for eval");

  program.commandsGroup("Audit:");
  const audit = settings(
    program
      .command("audit")
      .summary("read and verify the records")
      .description("Read and verify the records."),
  );
  aws(add(audit, "show <request>", "the story of one request", "audit show"));
  aws(add(audit, "verify", "check every record of the bucket", "audit verify"))
    .option("--strict", "noise fails too")
    .option("--bucket <bucket>", "another bucket than the catalog's");

  // For `exec`, which hands the end of its command to a process of its own.
  aws(
    settings(audit.command("end", { hidden: true })).action(function (this: Command) {
      choose("audit end", [], this.opts());
    }),
  );

  program.commandsGroup("Administer:");
  const catalog = settings(
    program
      .command("catalog")
      .summary("check, sign and publish the catalog")
      .description("Check, sign and publish the catalog."),
  );
  add(catalog, "check [file]", "check a catalog for mistakes", "catalog check");
  add(catalog, "sign [file]", "sign a catalog with an administrator's key", "catalog sign").option(
    "--key <file>",
    "private key (JWK)",
  );
  aws(
    add(
      catalog,
      "publish [file]",
      "publish a signed catalog and the trust files to the audit bucket",
      "catalog publish",
    ),
  );
  const trust = settings(
    program.command("trust").summary("who may sign what").description("Who may sign what."),
  );
  add(trust, "init", "make an administrator's key and the first trust file", "trust init")
    .option("--organization <name>", "the organization's name, as in the catalog")
    .option("--name <name>", "the administrator's name")
    .option("--key <file>", "where the private key goes (JWK, 0600)", "admin.jwk")
    .option("--dir <directory>", "where trust files go", "trust")
    .option("--threshold <number>", "how many administrators must sign", "1")
    .option("--administrator <name=file>", "a further administrator's public key (JWK)", more, []);
  add(trust, "sign [file]", "add an administrator's signature to a trust file", "trust sign").option(
    "--key <file>",
    "private key (JWK)",
  );
  add(trust, "show", "the trust file that is believed, and its fingerprint", "trust show").option(
    "--dir <directory>",
    "trust files of a directory",
  );
  return program;
}

/** Flags by which a person says why; each has a variable, so that a pipeline needs no prompt. */
function justify(command: Command): Command {
  return command
    .addOption(new Option("--for <duration>", "how long, such as 45m, 1h30m or PT45M").env("JIT_FOR"))
    .addOption(new Option("--purpose <purpose>", "one of the catalog's purposes").env("JIT_PURPOSE"))
    .addOption(new Option("--reason <text>", "why, in your own words").env("JIT_REASON"))
    .addOption(new Option("--ticket <ticket>", "the ticket it is for").env("JIT_TICKET"));
}

function aws(command: Command): Command {
  return command
    .addOption(new Option("--profile <name>", "AWS profile to ask with").env("JIT_PROFILE"))
    .addOption(new Option("--region <region>", "AWS region to use").env("JIT_REGION"));
}

function list(value: string): string[] {
  return value.split(",").map((word) => word.trim());
}

function more(value: string, before: string[]): string[] {
  return [...before, value];
}

const examples = `Examples:
  jit request customers:read             ask, say why, and have a session
  jit exec customers:read -- ./report    run a script with it
  jit env customers:read                 eval "$(jit env customers:read)" in a shell
  jit sandbox                            try it all without an AWS account

Exit codes: docs/exit-codes.md`;
