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
  /** Columns to which notes on stderr are folded: what programs read keeps its lines. */
  readonly noteColumns: number;
  /** Writes one answer to stdout, with a line end. */
  print(text: string): void;
  /** Writes exact text to stdout: credentials for programs. */
  raw(text: string): void;
  /** Whether somebody may still read stdout: a pipe that was closed says so when it is written to. */
  isRead(): boolean;
  /** Writes a line to stderr. */
  note(text: string): void;
  /** Shows that something is under way, on a terminal alone. @param work may tell how far it is; its text is not escaped */
  progress<T>(text: string, work: (tell: (text: string) => void) => Promise<T>): Promise<T>;
  /** Takes what `progress` shows off its line, for what is said before the end of it. */
  clearProgress(): void;
}

/** The standard streams, by descriptor. */
export interface Streams {
  isTerminal(descriptor: 0 | 1 | 2): boolean;
  /** Columns of stderr's terminal; 0 where it has none. */
  columns(): number;
  /** @returns whether it was taken: nobody reads a pipe that is closed */
  write(descriptor: 1 | 2, text: string): boolean;
}

/**
 * Whether a descriptor is a terminal. Node's own answer loads its network code; what is no character device, or is
 * the null device, needs no answer from there.
 */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  if (process.platform !== "win32") {
    const { fstatSync, statSync } = process.getBuiltinModule("fs");
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isCharacterDevice() || stats.rdev === statSync("/dev/null").rdev) return false;
    } catch {
      return false;
    }
  }
  return process.getBuiltinModule("tty").isatty(descriptor);
}

export interface TerminalOptions {
  readonly colour: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function openTerminal(streams: Streams, options: TerminalOptions): Terminal {
  const { env } = options;
  const interactive = streams.isTerminal(0) && streams.isTerminal(2) && env["TERM"] !== "dumb";
  const noColour = options.colour === false || (env["NO_COLOR"] ?? "") !== "";
  const colour =
    !noColour && (forced(env["FORCE_COLOR"]) || (streams.isTerminal(1) && env["TERM"] !== "dumb"));
  // A terminal of 0 columns makes spinners loop for ever.
  const width = streams.columns();
  const columns = width > 0 ? width : 80;
  let isRead = true;
  let shown: { stop(): void } | undefined;
  const answer = (text: string) => {
    if (!streams.write(1, text)) isRead = false;
  };
  return {
    interactive,
    colour,
    columns,
    noteColumns: width > 0 ? width : Number.POSITIVE_INFINITY,
    print: (text) => answer(`${text}\n`),
    raw: answer,
    isRead: () => isRead,
    note: (text) => void streams.write(2, `${text}\n`),
    async progress(text, work) {
      if (!interactive || width <= 0) return await work(() => undefined);
      const { default: ora } = await import("ora");
      const spinner = ora({ text, color: colour ? "cyan" : false, discardStdin: false }).start();
      shown = spinner;
      try {
        return await work((now) => {
          spinner.text = now;
        });
      } finally {
        spinner.stop();
        shown = undefined;
      }
    },
    clearProgress: () => shown?.stop(),
  };
}

function forced(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false"].includes(value);
}
