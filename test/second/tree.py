"""The Merkle tree: RFC 6962, C2SP tlog-tiles, signed-note, tlog-checkpoint, tlog-cosignature."""
import base64
import hashlib
import json
import re
from collections import defaultdict

from cryptography.exceptions import InvalidSignature

from encoding import Bad, canonical_bytes, need, seconds, sha256, strict_json
from record import digest, either, form, members, none, root, time


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def levels(hashes_):
    """Perfect subtrees over whole leaves: levels[0] are leaf hashes, each above halves the one below."""
    found = [hashes_]
    while len(found[-1]) > 1:
        below = found[-1]
        found.append([hashlib.sha256(b"\1" + below[i] + below[i + 1]).digest() for i in range(0, len(below) - 1, 2)])
    return found


def tree_root(tree, size):
    """RFC 6962 root of the first `size` leaves."""
    if size == 0:
        return hashlib.sha256(b"").digest()
    right, at = None, size
    for level in range(size.bit_length()):
        if size >> level & 1:
            at -= 1 << level
            here = tree[level][at >> level]
            right = here if right is None else hashlib.sha256(b"\1" + here + right).digest()
    return right


def note_lines(data):
    """Text of a signed note and its signatures [(name, key id in hex, rest)], or None."""
    try:
        body, _, lines = data.decode("utf-8").rpartition("\n\n")
        found = [(m[1], base64.b64decode(m[2], validate=True)) for m in
                 (re.fullmatch(r"— (\S+) (\S+)", line) for line in lines.removesuffix("\n").split("\n"))]
        return body + "\n", [(name, blob[:4].hex(), blob[4:]) for name, blob in found]
    except (ValueError, TypeError, UnicodeDecodeError):
        return None


def is_signed_by(key, signature, message):
    try:
        key.verify(signature, message)
        return True
    except InvalidSignature:
        return False


class Checkpoint:
    """Of the log: origin, size, root; signed by a key of the trust file. Raises Bad."""

    def __init__(self, data, log_keys):
        note = note_lines(data) if data else None
        need(note, "CHECKPOINT_INVALID")
        self.text, signatures = note
        lines = self.text.split("\n")
        need(len(lines) >= 4 and re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]) and root(lines[2]), "CHECKPOINT_INVALID")
        self.size, self.root = int(lines[1]), lines[2]
        ours = [(log_keys[key_id], name, blob) for name, key_id, blob in signatures if key_id in log_keys]
        need(any(key_name == name == lines[0] and is_signed_by(key, blob, self.text.encode())
                 for (key_name, key), name, blob in ours), "CHECKPOINT_INVALID")


is_leaf = members(fault=form(r"-|[A-Z][A-Z0-9_]{0,63}"), key=form(r"(?s)v1/rec/.*"), lockedUntil=either(none, time), serverTime=time,
                  sha256=either(none, digest), versionId=form(r"(?s).+"))


def tile_number(index):
    """As C2SP tlog-tiles spell it: groups of three digits, all but the last with an x."""
    groups = f"{index:03d}"
    groups = groups.zfill(-(-len(groups) // 3) * 3)
    parts = [groups[i:i + 3] for i in range(0, len(groups), 3)]
    return "/".join(["x" + part for part in parts[:-1]] + parts[-1:])


class TreeRules:
    def read_tree(self):
        """Leaves of all batches that follow one another; their indexes by version."""
        self.tree_is_wrong, self.batches, self.leaves, self.indexes = False, [], [], {}
        starts = {int(k.rsplit("/", 1)[1]): k for k in self.mirror.under("v1/tree/batch/") if re.fullmatch(r"v1/tree/batch/[0-9]{16}", k)}
        for key in starts.values():
            versions = self.mirror.objects[key]
            whole = [v.bytes() for v in versions if not v.is_marker]
            if len(whole) < len(versions):
                self.find("OBJECT_DELETED", "invalid", key)
            if any(data != whole[-1] for data in whole):
                self.find("OBJECT_REPLACED", "invalid", key)
        used = set()
        while len(self.leaves) in starts:
            key = starts[len(self.leaves)]
            version = self.mirror.first(key)
            if not version:
                break
            try:
                lines = version.bytes().split(b"\n")
                need(lines.pop() == b"" and 1 <= len(lines) <= 16384, "BATCH_INVALID")
                for line in lines:
                    leaf = strict_json(line, "BATCH_INVALID")
                    need(is_leaf(leaf) and canonical_bytes(leaf) == line, "BATCH_INVALID")
            except Bad:
                self.find("BATCH_INVALID", "invalid", key)
                self.tree_is_wrong = True
                return self.index_leaves()
            self.leaves += lines
            self.batches.append((len(self.leaves), version))
            used.add(key)
        later = [key for first, key in sorted(starts.items()) if key not in used and self.mirror.first(key)]
        if later:
            self.find("BATCH_MISSING", "invalid", later[0])
            self.tree_is_wrong = True
        self.index_leaves()

    def index_leaves(self):
        self.tree = levels([leaf_hash(line) for line in self.leaves])
        for index, line in enumerate(self.leaves):
            leaf = json.loads(line)
            self.indexes.setdefault((leaf["key"], leaf["versionId"]), index)

    def judge_tree(self):
        log_keys, witnesses = self.trust.vkeys("logKeys", 1), self.trust.vkeys("witnesses", 4)
        checkpoint, current = None, self.mirror.newest("v1/tree/checkpoint")
        cosignatures = self.mirror.under("v1/tree/cosignatures/")
        if current:
            try:
                checkpoint = Checkpoint(current.bytes(), log_keys)
            except Bad as bad:
                self.find(str(bad), "invalid", "v1/tree/checkpoint")
        published = defaultdict(list)
        for key in self.mirror.under("v1/tree/checkpoints/"):
            for version in self.mirror.objects[key]:
                try:
                    one = Checkpoint(version.bytes(), log_keys)
                except Bad:
                    continue
                if key == f"v1/tree/checkpoints/{one.size:016d}":
                    published[one.size].append(one)
        candidates = [one for ones in published.values() for one in ones] + [checkpoint] * bool(checkpoint)
        checkpoint = max(candidates, key=lambda one: one.size, default=None)
        if cosignatures and not checkpoint:
            self.find("CHECKPOINT_MISSING", "invalid", "v1/tree/checkpoint")
        size = self.size = checkpoint.size if checkpoint else 0
        is_whole = checkpoint and size <= len(self.leaves) and self.root(size) == checkpoint.root
        if checkpoint and size > len(self.leaves) and not self.tree_is_wrong:
            self.find("BATCH_MISSING", "invalid", "v1/tree/batch/")
        elif checkpoint and size <= len(self.leaves) and not is_whole:
            self.find("CHECKPOINT_ROOT", "invalid", "v1/tree/checkpoint")
        if is_whole:
            self.judge_tiles(size)
        if checkpoint:
            self.judge_cosignatures(cosignatures, published, witnesses, is_whole)
        self.judge_leaves(is_whole)
        heads = {}
        for item in sorted((i for i in self.bad + self.valid if i.record), key=lambda i: i.key):
            if item.record.value["seen"] != "-":
                heads.setdefault((item.record.value["seen"]["size"], item.record.value["seen"]["root"]), item)
        for (at, root_), item in heads.items():
            if self.root(at) != root_:
                self.find("SEEN_DIFFERS", "invalid", item.key, f"{at} {root_}")

    def root(self, size):
        """In base64; None where no batch ends."""
        is_end = size == 0 or any(end == size for end, _ in self.batches)
        return base64.b64encode(tree_root(self.tree, size)).decode() if is_end else None

    def judge_tiles(self, size):
        wrong = []

        def same(name, data):
            version = self.mirror.first("v1/tree/tile/" + name)
            if not version or version.bytes() != data:
                wrong.append(name)

        entries = [len(line).to_bytes(2, "big") + line for line in self.leaves]
        level = 0
        while size >> (8 * level):
            count, row = size >> (8 * level), self.tree[8 * level]
            for start in range(0, count, 256):
                width = min(256, count - start)
                name = tile_number(start // 256) + (f".p/{width}" if width < 256 else "")
                same(f"{level}/{name}", b"".join(row[start:start + width]))
                if level == 0:
                    same(f"entries/{name}", b"".join(entries[start:start + width]))
            level += 1
        if wrong:
            self.find("TILE_INVALID", "invalid", "v1/tree/tile/" + wrong[0])

    def judge_cosignatures(self, keys, published, witnesses, is_whole):
        heard, self.cosigned = set(), 0
        for key in keys:
            name = re.fullmatch(r"v1/tree/cosignatures/([0-9]{16})/.+", key)
            data = name and self.mirror.first(key) and self.mirror.first(key).bytes()
            note = note_lines(b"\n\n" + data) if data else None
            for one in published[int(name[1])] if note else []:
                for signer, key_id, blob in note[1]:
                    witness = witnesses.get(key_id)
                    message = b"cosignature/v1\ntime %d\n" % int.from_bytes(blob[:8], "big") + one.text.encode()
                    if not witness or witness[0] != signer or not is_signed_by(witness[1], blob[8:], message):
                        continue
                    heard.add(key_id)
                    if self.root(one.size) == one.root:
                        self.cosigned = max(self.cosigned, one.size)
                    elif is_whole:
                        self.find("TREE_FORKED", "invalid", f"v1/tree/checkpoints/{one.size:016d}")
        for _ in witnesses.keys() - heard:
            self.find("COSIGNATURE_MISSING", "notice", "v1/tree/checkpoint")

    def judge_leaves(self, is_whole):
        versions = {(v.key, v.id): v for key in self.mirror.under("v1/rec/") for v in self.mirror.objects[key] if not v.is_marker}
        sealed_, unlocked, has_lock = set(), [], False
        records = {i.key: i for i in self.bad + self.valid}
        for index, line in enumerate(self.leaves):
            leaf = json.loads(line)
            place = (leaf["key"], leaf["versionId"])
            if leaf["sha256"] != "-":
                has_lock = has_lock or leaf["lockedUntil"] != "-"
                if leaf["lockedUntil"] == "-":
                    unlocked.append((index, leaf["key"]))
            if place in sealed_:
                self.find("SEALED_REPEATED", "notice", leaf["key"])
                continue
            sealed_.add(place)
            version = versions.get(place)
            if not version:
                if index < self.size:
                    self.find("SEALED_REMOVED", "invalid", leaf["key"])
                continue
            item = records.get(leaf["key"])
            data = version.bytes() if item and item.version is version and version.size <= 48 * 1024 else None
            if leaf["sha256"] != "-" and data is not None and sha256(data) != leaf["sha256"]:
                self.find("SEALED_CHANGED", "invalid", leaf["key"])
            if seconds(leaf["serverTime"]) != int(version.time):
                self.find("SEALED_TIME", "invalid", leaf["key"])
        if unlocked:
            self.find("LOCK_MISSING", "invalid" if has_lock else "notice", unlocked[0][1], f"{unlocked[0][0]} {len(unlocked)}")
        newest = [v.time for end, v in self.batches if end <= self.size][-1:]
        for place, version in versions.items() if newest and is_whole else []:
            if place not in sealed_ and version.time < newest[0] - 26 * 3600:
                item = records.get(version.key)
                is_record = item and item.record and item.version is version
                self.find("SEALED_WITHOUT", "invalid" if is_record else "noise", version.key)
