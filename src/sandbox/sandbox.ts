import { join } from "node:path";
import { type PersonCredentials, personCredentials, TRAIL_BUCKET } from "./account.ts";
import { createAccount } from "./account-fill.ts";
import { createAuthorizer } from "./authorize.ts";
import { type CloudTrail, createCloudTrail } from "./cloudtrail.ts";
import { createWorld } from "./create-world.ts";
import { createIam } from "./iam/service.ts";
import { type CiJob, ciTokenUrl, mintCiToken, wellKnown } from "./issuers.ts";
import { createKms } from "./kms/service.ts";
import { directoryShelf } from "./s3/directory.ts";
import { memoryShelf } from "./s3/model.ts";
import { createS3 } from "./s3/service.ts";
import { recordedS3 } from "./s3-trail.ts";
import { type RunningSandbox, startSandbox } from "./server.ts";
import type { BucketSeed, Service } from "./service.ts";
import { createSts } from "./sts/service.ts";
import type { RandomSource, World } from "./world.ts";
import { loadWorld, saveWorld } from "./world-file.ts";

/** The whole sandbox: its account, its services, its endpoint. */

export interface WholeSandboxOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Keeps everything there, and starts from what is there; without it nothing outlives the process. */
  readonly directory?: string;
  /** Of the buckets; `eu-central-1` where absent. */
  readonly region?: string;
  readonly now: () => Date;
  readonly random: RandomSource;
}

export interface WholeSandbox extends RunningSandbox {
  readonly world: World;
  readonly region: string;
  readonly seed: BucketSeed;
  /** What happened so far; a restart forgets it. */
  readonly trail: CloudTrail;
  /** That person's credentials (names are in `PEOPLE`); `undefined` for nobody. */
  credentials(person: string): PersonCredentials | undefined;
  /** An identity token of the CI service for a job. */
  ciToken(job: CiJob, audience?: string): string;
  /** Where a job of the CI service asks for its token (`ACTIONS_ID_TOKEN_REQUEST_URL`). */
  readonly ciTokenUrl: string;
}

export const DEFAULT_REGION = "eu-central-1";

/** @throws the listen error, e.g. `EADDRINUSE`; an error for a directory that is not a sandbox's */
export async function openSandbox(options: WholeSandboxOptions): Promise<WholeSandbox> {
  const { directory, random } = options;
  const region = options.region ?? DEFAULT_REGION;
  const known = directory === undefined ? undefined : loadWorld(directory, random);
  const world = known ?? createWorld(random);
  const save = (): void => {
    if (directory !== undefined) saveWorld(world, directory);
  };
  const authorizer = createAuthorizer(world);
  const trail = createCloudTrail(world, authorizer);
  const shelf = directory === undefined ? memoryShelf : directoryShelf(join(directory, "s3"));
  const s3 = createS3({ authorizer, shelf, random });
  createAccount(world, { seed: s3.seed, now: options.now(), region });
  save();
  const running = await startSandbox({
    ...(options.port === undefined ? {} : { port: options.port }),
    now: options.now,
    random,
    keys: world,
    services: {
      s3: recordedS3(s3, trail, (bucket) => s3.seed.ownerOf(bucket)),
      sts: saved(createSts(world, authorizer, trail), save),
      iam: saved(createIam(world, authorizer, trail), save),
      cloudtrail: trail,
      kms: createKms(world, authorizer, trail),
    },
    wellKnown: wellKnown(world),
    tamper: s3.seed.tamper,
    deliver: (now) => {
      const files = trail.deliver(now);
      for (const { key, body, metadata } of files) s3.seed.putObject(TRAIL_BUCKET, key, body, now, metadata);
      return files.map(({ key }) => key);
    },
  });
  return {
    ...running,
    world,
    region,
    seed: s3.seed,
    trail,
    credentials(person) {
      const credentials = personCredentials(world, person, running.now());
      save();
      return credentials;
    },
    ciToken: (job, audience = "sts.amazonaws.com") => mintCiToken(world, job, audience, running.now()),
    ciTokenUrl: ciTokenUrl(running.url),
  };
}

/** Saves before the reply leaves, so that what a client was told is still so after a crash. */
function saved(service: Service, save: () => void): Service {
  return {
    async handle(call) {
      const reply = await service.handle(call);
      save();
      return reply;
    },
  };
}
