import { JitError } from "../../error.ts";
import { escapeForTerminal } from "../text.ts";

/** One mistake in a catalog; line and column count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** `stores.customers.role`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** The word that was probably meant. */
  readonly suggestion: string | undefined;
}

/** All mistakes of a catalog, in the order of the file. */
export class CatalogError extends JitError {
  readonly problems: readonly Problem[];

  constructor(source: string, problems: readonly Problem[]) {
    const sorted = problems.map(escaped).sort((a, b) => a.line - b.line || a.column - b.column);
    const lines = sorted.slice(0, 20).map((problem) => {
      const where = problem.path === "" ? "" : `${problem.path}: `;
      const meant = problem.suggestion === undefined ? "" : ` (did you mean ${problem.suggestion}?)`;
      return `${source}:${problem.line}:${problem.column}: ${where}${problem.message}${meant}`;
    });
    if (sorted.length > 20) lines.push(`… and ${sorted.length - 20} more`);
    super("CATALOG_INVALID", lines.join("\n"), {
      hint: "what is named must be mended in the file, which is then signed again",
    });
    this.problems = sorted;
  }
}

/** Words of the file are quoted in all of it, and the file is hostile until it is signed. */
function escaped(problem: Problem): Problem {
  const { path, message, suggestion } = problem;
  return {
    ...problem,
    path: escapeForTerminal(path),
    message: escapeForTerminal(message),
    suggestion: suggestion === undefined ? undefined : escapeForTerminal(suggestion),
  };
}

/** Told of each mistake that only shows across fields. */
export type Report = (path: readonly (string | number)[], message: string, suggestion?: string) => void;
