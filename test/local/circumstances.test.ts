import { expect, test } from "vitest";
import { claimedCircumstances } from "../../src/local/circumstances.ts";

test("nothing that a machine says of itself is attested", async () => {
  expect(await claimedCircumstances({}, "laptop")).toEqual({ host: "laptop" });
});

test("a run of GitHub Actions", async () => {
  const claimed = await claimedCircumstances(
    {
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_REPOSITORY: "acme/shop",
      GITHUB_REF: "refs/heads/main",
      GITHUB_WORKFLOW: "report",
      GITHUB_RUN_ID: "42",
    },
    "runner",
  );
  expect(claimed).toMatchObject({
    host: "runner",
    "ci.repository": "acme/shop",
    "ci.ref": "refs/heads/main",
    "ci.workflow": "report",
    "ci.run": "https://github.com/acme/shop/actions/runs/42",
  });
});

test("a job of GitLab", async () => {
  const claimed = await claimedCircumstances(
    {
      CI: "true",
      CI_PROJECT_PATH: "acme/shop",
      CI_COMMIT_REF_NAME: "main",
      CI_ENVIRONMENT_NAME: "production",
      CI_JOB_URL: "https://gitlab.example/acme/shop/-/jobs/7",
    },
    "runner",
  );
  expect(claimed).toMatchObject({
    "ci.repository": "acme/shop",
    "ci.ref": "main",
    "ci.environment": "production",
    "ci.run": "https://gitlab.example/acme/shop/-/jobs/7",
  });
});

test.each([
  "CODEBUILD_BUILD_ARN",
  "TF_BUILD",
  "TEAMCITY_VERSION",
  "BUILD_ID",
])("%s marks a run", async (name) => {
  const claimed = await claimedCircumstances({ [name]: "1" }, "runner");
  expect(Object.keys(claimed)).toEqual(["host", "ci.provider"]);
});

test("who says that it is no CI is none", async () => {
  const claimed = await claimedCircumstances({ CI: "false", BUILD_ID: "7" }, "laptop");
  expect(claimed).toEqual({ host: "laptop" });
});

test("what would not fit a record is left out", async () => {
  const env = {
    CI: "true",
    GITHUB_REPOSITORY: "acme/\u001b[31mshop",
    GITHUB_REF: "x".repeat(300),
    GITHUB_WORKFLOW: "",
  };
  const claimed = await claimedCircumstances(env, "host\u202e");
  expect(Object.keys(claimed)).toEqual(["ci.provider"]);
});
