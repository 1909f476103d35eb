import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { S3Client } from "@aws-sdk/client-s3";
import { onTestFinished } from "vitest";
import { openAws } from "../../src/aws/clients.ts";
import { ServerClock } from "../../src/aws/server-clock.ts";
import { useKeys } from "./keys.ts";

/** An endpoint that answers as a test says: for answers that no healthy S3 gives. @returns a client of it */
export async function fakeS3(
  answer: (request: IncomingMessage, reply: ServerResponse) => void,
): Promise<S3Client> {
  const server = createServer((request, reply) => {
    request.resume();
    request.once("end", () => answer(request, reply));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  useKeys({ accessKeyId: "AKIAEXAMPLE", secretAccessKey: "not-a-secret" }, `http://${host}`);
  return openAws({
    region: "eu-central-1",
    bucketRegion: "eu-central-1",
    profile: undefined,
    client: "jit/0.0.0",
    clock: new ServerClock(Date.now),
    hosts: [host],
    attempts: 1,
  }).s3;
}
