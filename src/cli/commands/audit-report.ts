import type { Context } from "../context.ts";
export async function auditReport(_context: Context): Promise<number> {
  return 0;
}
