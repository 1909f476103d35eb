import { extendsOf } from "../audit/extends.ts";
import { extensionsOf, requestIn } from "../audit/extensions.ts";
import { isId } from "../audit/id.ts";
import { RecordReader } from "../audit/record-reader.ts";
import { type Story, tellStory } from "../audit/story.ts";
import type { Audit } from "./compose/audit.ts";

/** Requests that extend each other, that are told together at most; somebody may have chained any number. */
const most = 16;

/**
 * The story of a request with those that it extends and that extend it, oldest first. A link counts only between requests of one
 * requester for the same targets, so that nobody puts an own request beside another's.
 */
export async function linkedStories(audit: Audit, request: string): Promise<readonly Story[]> {
  const now = audit.clock.now();
  const options = { log: audit.fingerprint, trust: audit.trust, now };
  const reader = new RecordReader(audit.store, options);
  const tell = (one: string) =>
    tellStory(audit.store, one, { ...options, catalogOf: audit.catalogOf, approvals: audit.approvals });
  const told = [await tell(request)];
  const linkedTo = async (from: Story, to: string): Promise<Story | undefined> => {
    if (told.length >= most || told.some((one) => one.request === to)) return undefined;
    const story = await tell(to);
    return isSameCase(from, story) ? story : undefined;
  };
  for (let story = told[0]; story !== undefined; ) {
    const asked = requestIn(story);
    const named = asked === undefined ? undefined : extendsOf(asked);
    story = named === undefined || !isId(named) ? undefined : await linkedTo(story, named);
    if (story !== undefined) told.unshift(story);
  }
  // What extends one of them is looked for in turn, as the list grows.
  for (const story of told) {
    for (const later of await extensionsOf(audit.store, reader, story)) {
      const found = await linkedTo(story, later);
      if (found !== undefined) told.push(found);
    }
  }
  return told;
}

function isSameCase(a: Story, b: Story): boolean {
  const [one, other] = [requestIn(a), requestIn(b)];
  return (
    one !== undefined &&
    other !== undefined &&
    one.by.userid === other.by.userid &&
    one.targets.join(" ") === other.targets.join(" ")
  );
}
