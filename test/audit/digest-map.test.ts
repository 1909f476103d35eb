import fc from "fast-check";
import { expect, test } from "vitest";
import { DigestMap } from "../../src/audit/digest-map.ts";

test("numbers stay with their names, however many come", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6000 }), fc.nat(), (count, seed) => {
      const map = new DigestMap();
      const name = (i: number) => `${seed} ${i}`;
      for (let i = 0; i < count; i++) {
        expect(map.add(name(i), i)).toBe(true);
        // A name again, and one that is not there.
        expect(map.add(name(i >> 1), i + 1)).toBe(false);
        expect(map.has(name(-1 - i))).toBe(false);
      }
      expect(map.size).toBe(count);
      for (let i = 0; i < count; i++) expect(map.get(name(i))).toBe(i);
    }),
    { numRuns: 10 },
  );
});
