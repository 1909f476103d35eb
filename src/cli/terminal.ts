/**
 * The terminal as commands see it. Answers go to stdout; prompts, progress and notes to stderr. Nothing that came
 * from a file, a record, AWS or a person reaches the terminal unescaped: `print` and `note` take text whose variable
 * parts went through `clean`.
 */
export interface Terminal {
  readonly interactive: boolean;
  readonly colour: boolean;
  /** Columns of stderr; 80 where there is no terminal. */
  readonly columns: number;
  /** Writes one answer to stdout, with a line end. */
  print(text: string): void;
  /** Writes exact text to stdout: credentials for programs. */
  raw(text: string): void;
  /** Writes a line to stderr. */
  note(text: string): void;
  /** Shows that something is under way, on a terminal alone. */
  progress<T>(text: string, work: () => Promise<T>): Promise<T>;
}

export interface Streams {
  readonly stdin: { readonly isTTY?: boolean };
  readonly stdout: { readonly isTTY?: boolean };
  readonly stderr: { readonly isTTY?: boolean; readonly columns?: number };
  write(descriptor: 1 | 2, text: string): void;
}

export interface TerminalOptions {
  readonly colour: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function openTerminal(streams: Streams, options: TerminalOptions): Terminal {
  const { env } = options;
  const interactive = streams.stdin.isTTY === true && streams.stderr.isTTY === true && env["TERM"] !== "dumb";
  const noColour = options.colour === false || (env["NO_COLOR"] ?? "") !== "";
  const colour =
    !noColour && (forced(env["FORCE_COLOR"]) || (streams.stdout.isTTY === true && env["TERM"] !== "dumb"));
  // A terminal of 0 columns makes spinners loop for ever.
  const columns = (streams.stderr.columns ?? 0) > 0 ? (streams.stderr.columns ?? 80) : 80;
  return {
    interactive,
    colour,
    columns,
    print: (text) => streams.write(1, `${text}\n`),
    raw: (text) => streams.write(1, text),
    note: (text) => streams.write(2, `${text}\n`),
    async progress(text, work) {
      if (!interactive || (streams.stderr.columns ?? 0) <= 0) return await work();
      const { default: ora } = await import("ora");
      const spinner = ora({ text, color: colour ? "cyan" : false, discardStdin: false }).start();
      try {
        return await work();
      } finally {
        spinner.stop();
      }
    },
  };
}

function forced(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}
