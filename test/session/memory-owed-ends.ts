import type { End, OwedEnds } from "../../src/session/end.ts";

export class MemoryOwedEnds implements OwedEnds {
  readonly ends = new Map<string, End>();
  async add(end: End): Promise<void> {
    this.ends.set(String(this.ends.size), end);
  }
  async list() {
    return [...this.ends].map(([name, end]) => ({ name, end }));
  }
  async remove(name: string): Promise<void> {
    this.ends.delete(name);
  }
}
