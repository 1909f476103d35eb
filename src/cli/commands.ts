import type { Context } from "./context.ts";

export type Body = (context: Context) => Promise<number>;

/** Where each command's body is; loaded only when it runs. */
export const commands: Readonly<Record<string, () => Promise<Body>>> = {
  request: async () => (await import("./commands/request.ts")).request,
  exec: async () => (await import("./commands/exec.ts")).exec,
  credentials: async () => (await import("./commands/credentials.ts")).credentials,
  env: async () => (await import("./commands/credentials.ts")).env,
  status: async () => (await import("./commands/status.ts")).status,
  forget: async () => (await import("./commands/forget.ts")).forget,
  revoke: async () => (await import("./commands/revoke.ts")).revoke,
  pending: async () => (await import("./commands/pending.ts")).pending,
  approve: async () => (await import("./commands/approve.ts")).approve,
  deny: async () => (await import("./commands/deny.ts")).deny,
  watch: async () => (await import("./commands/watch.ts")).watch,
  sweep: async () => (await import("./commands/sweep.ts")).sweep,
  stores: async () => (await import("./commands/stores.ts")).stores,
  "stores show": async () => (await import("./commands/stores.ts")).showStore,
  explain: async () => (await import("./commands/explain.ts")).explain,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  use: async () => (await import("./commands/use.ts")).use,
  config: async () => (await import("./commands/config.ts")).config,
  sandbox: async () => (await import("./commands/sandbox.ts")).sandbox,
  "audit show": async () => (await import("./commands/audit.ts")).auditShow,
  "audit verify": async () => (await import("./commands/audit.ts")).auditVerify,
  "audit end": async () => (await import("./commands/audit-end.ts")).auditEnd,
  "catalog check": async () => (await import("./commands/catalog.ts")).catalogCheck,
  "catalog sign": async () => (await import("./commands/catalog.ts")).catalogSign,
  "catalog publish": async () => (await import("./commands/catalog.ts")).catalogPublish,
  "reasons erase": async () => (await import("./commands/reasons.ts")).reasonsErase,
  "rules check": async () => (await import("./commands/rules.ts")).rulesCheck,
  "rules test": async () => (await import("./commands/rules.ts")).rulesTest,
  "notify test": async () => (await import("./commands/notify.ts")).notifyTest,
  "trust init": async () => (await import("./commands/trust.ts")).trustInit,
  "trust sign": async () => (await import("./commands/trust.ts")).trustSign,
  "trust show": async () => (await import("./commands/trust.ts")).trustShow,
};
