const mostLines = 512;
const waitMs = 50;

/** Lines that are written some at once, in order; none waits for longer than a moment while nothing else comes. */
export class Lines {
  readonly #write: (text: string) => void;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  readonly #separator: string;

  /** @param separator between two lines; empty where each has its own end */
  constructor(write: (text: string) => void, separator = "\n") {
    this.#write = write;
    this.#separator = separator;
  }

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length >= mostLines) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  /** To be called at the end, and before anything else is written. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join(this.#separator);
    this.#lines = [];
    this.#write(text);
  }
}
