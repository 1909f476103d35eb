import { resolve } from "node:path";
import { formatLocation, parsePin, unsigned } from "../../access/location.ts";
import { JitError } from "../../error.ts";
import { openOrganization } from "../compose/audit.ts";
import { changeSetting, openSettings } from "../compose/local.ts";
import { type Context, isOn, printJson } from "../context.ts";
import { counted } from "../render/counted.ts";
import { clean } from "../style.ts";

/** `jit use LOCATION#FINGERPRINT`: pins an organization, after its trust file and catalog were read and verified. */
export async function use(context: Context): Promise<number> {
  const [given] = context.invocation.args;
  if (isOn(context, "forget")) {
    await changeSetting(context, "organization", undefined);
    context.terminal.print("no organization is pinned now");
    return 0;
  }
  if (given === undefined) return show(context);
  if (!given.includes("#")) {
    throw new JitError("LOCATION_INVALID", "the fingerprint is missing", {
      hint: "the whole of it is LOCATION#FINGERPRINT: it is what makes a forged catalog fail",
    });
  }
  const { location, fingerprint } = parsePin(given);
  const absolute = formatLocation(
    location.kind === "path" ? { ...location, catalog: resolve(context.cwd, location.catalog) } : location,
  );
  // Believed first, pinned then: whoever mistypes keeps what worked.
  const env = { ...context.env, JIT_ORGANIZATION: `${absolute}#${fingerprint}` };
  const organization = await openOrganization({ ...context, env });
  await changeSetting(context, "organization", { location: absolute, fingerprint });
  const { catalog, trust } = organization;
  if (context.json) {
    printJson(context, {
      location: absolute,
      fingerprint,
      organization: catalog.organization,
      catalog: catalog.version,
      trust: trust?.version ?? null,
    });
    return 0;
  }
  const { terminal, style } = context;
  terminal.print(
    `${style.good("✓")} ${clean(catalog.organization)}: catalog version ${catalog.version}, ${counted(catalog.stores.size, "store")}`,
  );
  if (fingerprint === unsigned)
    terminal.note(style.warn("  unsigned: works only where every endpoint is on this machine"));
  const variable = context.env["JIT_ORGANIZATION"];
  if (variable && variable !== `${absolute}#${fingerprint}`)
    terminal.note(style.warn("  JIT_ORGANIZATION names another one and wins in this shell: unset it"));
  terminal.note(style.dim("  jit stores shows what there is"));
  return 0;
}

function show(context: Context): number {
  const { organization } = openSettings(context);
  const own = context.env["JIT_ORGANIZATION"];
  if (context.json) printJson(context, { pinned: organization ?? null, variable: own ?? null });
  else if (own) context.terminal.print(`${clean(own)}  (JIT_ORGANIZATION)`);
  else
    context.terminal.print(
      organization === undefined ? "none" : `${clean(organization.location)}#${organization.fingerprint}`,
    );
  return 0;
}
