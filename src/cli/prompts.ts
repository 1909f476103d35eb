import { JitError } from "../error.ts";
import type { Context } from "./context.ts";
import { interrupted } from "./interrupt.ts";
import { clean, clip, wrap } from "./style.ts";

/**
 * Questions to a person, on stderr. Without a terminal nothing is asked: the error names the flag that is missing.
 * inquirer is loaded only when something is asked.
 */
export interface Choice {
  readonly value: string;
  /** What it is; stands in a column beside the value. */
  readonly title?: string | undefined;
  /** One line beside or under the choice. */
  readonly description?: string;
}

/** Refuses to ask where nobody can answer. */
export function mustBeAsked(context: Context, flag: string): void {
  if (context.terminal.interactive) return;
  throw new JitError("FLAG_MISSING", `${flag} is missing, and there is no terminal to ask on`, {
    hint: `give ${flag}`,
  });
}

/** One of a list, found by typing parts of its words. */
export async function choose(
  context: Context,
  question: { message: string; flag: string; choices: readonly Choice[]; fallback?: string | undefined },
): Promise<string> {
  mustBeAsked(context, question.flag);
  const width = context.terminal.columns - 2;
  const longest = Math.max(...question.choices.map(({ value }) => value.length));
  // Titles stand in a column where that leaves them room.
  const columns = longest + 12 > width ? 0 : longest;
  const choices = question.choices.map((choice) => ({
    value: choice.value,
    short: clean(choice.value),
    // A line each, however narrow the terminal: else few are seen, and it is hard to tell where one ends.
    name: clip(
      choice.title === undefined
        ? clean(choice.value)
        : `${clean(choice.value).padEnd(columns)}  ${clean(choice.title)}`,
      width,
    ),
    ...(choice.description === undefined
      ? {}
      : { description: wrap(clean(choice.description), context.terminal.columns) }),
    words: [choice.value, choice.title, choice.description].join(" ").toLowerCase(),
  }));
  const only = choices.length === 1 ? choices[0] : undefined;
  if (only !== undefined) return only.value;
  // A short list is seen at once; a long one is searched.
  if (choices.length <= 8) {
    return await ask<string>({
      type: "select",
      message: question.message,
      choices,
      default: question.fallback,
    });
  }
  return await ask<string>({
    type: "search",
    message: question.message,
    source: (typed: string | undefined) => {
      const words = (typed ?? "").toLowerCase().split(/\s+/).filter(Boolean);
      return choices.filter((choice) => words.every((word) => choice.words.includes(word)));
    },
  });
}

/** A line of text; `check` returns what is wrong with it, or `undefined`. */
export async function askText(
  context: Context,
  question: {
    message: string;
    flag: string;
    fallback?: string | undefined;
    check: (text: string) => string | undefined;
  },
): Promise<string> {
  mustBeAsked(context, question.flag);
  return await ask<string>({
    type: "input",
    message: question.message,
    default: question.fallback,
    validate: (text: string) => question.check(text) ?? true,
  });
}

/** @param usual what Enter alone means */
export async function confirm(
  context: Context,
  message: string,
  flag: string,
  usual = true,
): Promise<boolean> {
  mustBeAsked(context, flag);
  return await ask<boolean>({ type: "confirm", message, default: usual });
}

type Question =
  | { type: "select"; message: string; choices: readonly object[]; default: string | undefined }
  | { type: "search"; message: string; source: (typed: string | undefined) => readonly object[] }
  | { type: "input"; message: string; default: string | undefined; validate: (text: string) => string | true }
  | { type: "confirm"; message: string; default: boolean };

async function ask<T>(question: Question): Promise<T> {
  const { default: inquirer } = await import("inquirer");
  const prompt = inquirer.createPromptModule({ output: process.stderr });
  let ended = () => {};
  // Ctrl-D closes the line that is typed, which inquirer does not tell: then nothing is left to wait for.
  const noMore = new Promise<never>((_, reject) => {
    ended = () => {
      process.stderr.write("\n");
      reject(stopped());
    };
  });
  process.once("beforeExit", ended);
  // After Ctrl-Z and `fg` Node leaves the keyboard paused, and then nothing would be left to wait for, too.
  const again = () => setImmediate(() => process.stdin.resume());
  process.on("SIGCONT", again);
  try {
    const answered = prompt([{ ...question, name: "answer" }] as never);
    const answers: unknown = await Promise.race([answered, noMore]);
    return (answers as { answer: T }).answer;
  } catch (error) {
    throw error instanceof Error && error.name === "ExitPromptError" ? stopped() : error;
  } finally {
    process.off("beforeExit", ended);
    process.off("SIGCONT", again);
  }
}

function stopped(): JitError {
  return interrupted("nothing was done, and nothing was written");
}
