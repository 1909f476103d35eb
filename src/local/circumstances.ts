import { findHostile } from "../access/text.ts";
import type { Circumstances } from "../access/types.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What this machine says about itself: all of it claimed, nothing of it proved. */
export async function claimedCircumstances(
  env: Environment,
  host: string,
): Promise<Circumstances["claimed"]> {
  const claimed = { host, ...(await ciRun(env)) };
  return Object.fromEntries(Object.entries(claimed).filter(([, value]) => fits(value))) as Record<
    string,
    string
  >;
}

/** One of these is set in each CI that ci-info knows and that many use: without one it need not be loaded. */
const marks = [
  "CI",
  "GITHUB_ACTIONS",
  "BUILD_ID",
  // These three set no CI: AWS CodeBuild, Azure Pipelines, TeamCity.
  "CODEBUILD_BUILD_ARN",
  "TF_BUILD",
  "TEAMCITY_VERSION",
] as const;

/** Whether this is a CI job. `CI=false` is how one says that it is none; ci-info sees it so, too. */
export function isCi(env: Environment): boolean {
  return env["CI"] !== "false" && marks.some((name) => env[name]);
}

/** Which CI run this is, where it is one. */
async function ciRun(env: Environment): Promise<Record<string, string | undefined>> {
  if (!isCi(env)) return {};
  const { default: ci } = await import("ci-info");
  const github = env["GITHUB_ACTIONS"] === "true";
  return {
    "ci.provider": ci.name ?? "unknown",
    "ci.repository": env["GITHUB_REPOSITORY"] ?? env["CI_PROJECT_PATH"],
    "ci.ref": env["GITHUB_REF"] ?? env["CI_COMMIT_REF_NAME"],
    "ci.environment": env["CI_ENVIRONMENT_NAME"],
    "ci.workflow": env["GITHUB_WORKFLOW"] ?? env["CI_PIPELINE_SOURCE"],
    "ci.run":
      github && env["GITHUB_RUN_ID"] !== undefined
        ? `${env["GITHUB_SERVER_URL"] ?? "https://github.com"}/${env["GITHUB_REPOSITORY"] ?? ""}/actions/runs/${env["GITHUB_RUN_ID"]}`
        : env["CI_JOB_URL"],
  };
}

/** A record takes no hostile text: what would not fit is left out. */
function fits(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value.length <= 256 && findHostile(value) === undefined;
}
