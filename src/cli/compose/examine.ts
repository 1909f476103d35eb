import type { Connection } from "../compose.ts";
import type { Context } from "../context.ts";
import { version } from "../version.ts";
import { openHere } from "./here.ts";

interface Examined {
  readonly name: string;
  readonly state: "good" | "warning" | "bad";
  readonly found: string;
  readonly hint?: string;
}

/** What `jit doctor` looks at below the ports. */
export async function examine(context: Context): Promise<{
  readonly local: readonly Examined[];
  remote(connection: Connection): Promise<readonly Examined[]>;
}> {
  const here = openHere(context);
  const vault = await here.vault.probe();
  const sessions = await here.cache.list();
  return {
    local: [
      { name: "jit", state: "good", found: `${version}, Node ${process.versions.node}` },
      { name: "settings", state: "good", found: here.settingsFile },
      {
        name: "sessions",
        state: "good",
        found: `${sessions.length} in ${here.paths.cache}/sessions, ${vault.kind === "keyring" ? "encrypted" : "readable by you alone (0600)"}: ${vault.why}`,
      },
    ],
    async remote({ organization, bucket, request }) {
      const { audit } = organization.catalog;
      const { ownKeysOf, placeText } = await import("./keys.ts");
      const { thumbprint } = request.records.signer;
      const place = ownKeysOf(context).find((key) => key.thumbprint === thumbprint)?.place ?? "gone";
      const key: Examined = {
        name: "signing key",
        state: "good",
        found: `${thumbprint}, ${placeText(place)}`,
      };
      try {
        for await (const _ of bucket.list("v1/trust/")) break;
        return [
          key,
          {
            name: "audit bucket",
            state: "good",
            found: `${audit.bucket} of ${audit.account} in ${audit.region} answers`,
          },
        ];
      } catch (error) {
        const message = error instanceof Error ? error.message : "cannot be read";
        return [
          key,
          {
            name: "audit bucket",
            state: "bad",
            found: message,
            hint: "docs/aws.md says what it takes to read it",
          },
        ];
      }
    },
  };
}
