import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { clientOptions } from "./aws-client.ts";
import type { Machine, SandboxProcess } from "./jit.ts";

/** The names of what CloudTrail has delivered in a sandbox. */
export async function trailObjects(sandbox: SandboxProcess, { env }: Machine): Promise<readonly string[]> {
  const s3 = new S3Client(clientOptions(sandbox, env));
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "acme-trail" }));
  s3.destroy();
  return Contents.map(({ Key = "" }) => Key);
}

/** What `aws s3 sync s3://acme-trail FOLDER` would do. */
export async function copyTrail(sandbox: SandboxProcess, who: Machine, folder: string): Promise<void> {
  const s3 = new S3Client(clientOptions(sandbox, who.env));
  for (const name of await trailObjects(sandbox, who)) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: "acme-trail", Key: name }));
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), (await Body?.transformToByteArray()) ?? "");
  }
  s3.destroy();
}
