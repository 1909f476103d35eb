import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair, type YAMLMap } from "yaml";

/** Where the value of a path begins, or the last key of the path; of the nearest there is. */
export type OffsetOf = (path: readonly (string | number)[], key: boolean) => number;

/** Offsets into the text of a document. Maps are searched once each: a hostile file may have a problem at every key. */
export function offsetsIn(root: Node | null): OffsetOf {
  const pairs = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  const pairsOf = (map: YAMLMap): ReadonlyMap<string, Pair> => {
    const known = pairs.get(map);
    if (known !== undefined) return known;
    const found = new Map<string, Pair>();
    for (const pair of map.items) if (isScalar(pair.key)) found.set(String(pair.key.value), pair);
    pairs.set(map, found);
    return found;
  };
  return (path, key) => {
    let node: unknown = root;
    let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
    for (const [index, step] of path.entries()) {
      if (isMap(node)) {
        const pair = pairsOf(node).get(String(step));
        if (pair === undefined) return offset;
        const wanted = key && index === path.length - 1 ? pair.key : (pair.value ?? pair.key);
        if (isNode(wanted)) offset = wanted.range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(step)];
        if (!isNode(item) || isAlias(item)) return offset;
        offset = item.range?.[0] ?? offset;
        node = item;
      } else return offset;
    }
    return offset;
  };
}
