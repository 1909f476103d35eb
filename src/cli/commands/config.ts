import { suggest } from "../../access/catalog/suggest.ts";
import { parseDuration } from "../../access/duration.ts";
import { parseKmsArn } from "../../access/kms-arn.ts";
import { JitError } from "../../error.ts";
import { changeSetting, openSettings, settingsFile } from "../compose/local.ts";
import { type Context, isOn, printJson } from "../context.ts";
import { clean, table } from "../style.ts";

/** What a person may set, with what each is for. */
const names = {
  duration: "how long a request lasts where --for is not given, within what the catalog allows",
  purpose: "purpose where --purpose is not given",
  profile: "AWS profile where --profile is not given",
  region: "AWS region where nothing else names one",
  key: "ARN of a key in AWS KMS (P-256) that signs this machine's records",
} as const;
export type SettingName = keyof typeof names;

/** `jit config [NAME [VALUE]]` */
export async function config(context: Context): Promise<number> {
  const [name, value] = context.invocation.args;
  const settings = openSettings(context);
  if (name === undefined) {
    if (context.json) {
      const set = Object.keys(names).map((key) => [key, settings[key as SettingName] ?? null]);
      const organization = context.env["JIT_ORGANIZATION"] ?? pinnedIn(settings);
      printJson(context, { file: settingsFile(context), organization, ...Object.fromEntries(set) });
    } else {
      const rows = Object.entries(names).map(([key, meaning]) => [
        key,
        clean(String(settings[key as SettingName] ?? "-")),
        meaning,
      ]);
      const organization =
        context.env["JIT_ORGANIZATION"] ??
        settings.organization?.location ??
        "none: jit use LOCATION#FINGERPRINT";
      context.terminal.print(`organization  ${clean(organization)}`);
      const paint = (cell: string, _row: number, column: number) =>
        column === 2 ? context.style.dim(cell) : cell;
      context.terminal.print(`file          ${clean(settingsFile(context))}`);
      context.terminal.print(table(rows, paint, context.terminal.columns));
    }
    return 0;
  }
  if (!isName(name)) {
    const near = suggest(name, Object.keys(names));
    throw new JitError("SETTING_UNKNOWN", `there is no setting ${JSON.stringify(name)}`, {
      hint: near === undefined ? Object.keys(names).join(", ") : `did you mean ${near}?`,
    });
  }
  if (isOn(context, "unset")) await changeSetting(context, name, undefined);
  else if (value !== undefined) {
    if (name === "duration") parseDuration(value);
    if (name === "key") parseKmsArn(value);
    await changeSetting(context, name, value);
  }
  const now = openSettings(context)[name];
  if (context.json) printJson(context, { [name]: now ?? null });
  else context.terminal.print(now === undefined ? "-" : clean(now));
  return 0;
}

/** As `jit use` takes it. */
function pinnedIn({ organization }: ReturnType<typeof openSettings>): string | null {
  return organization === undefined ? null : `${organization.location}#${organization.fingerprint}`;
}

function isName(name: string): name is SettingName {
  return Object.hasOwn(names, name);
}
