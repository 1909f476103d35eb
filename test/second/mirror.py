"""A folder that `jit audit mirror` made."""
import os
from collections import defaultdict

from encoding import need, seconds, sha256, strict_json


class Version:
    def __init__(self, line, read):
        self.key, self.id, self.is_marker = line["key"], line["versionId"], line["isDeleteMarker"]
        self.size, self.arrived = line["size"], line["arrived"]
        self.time = seconds(self.arrived[:19] + "Z") + int(self.arrived[20:23]) / 1000
        self.read = (lambda: read(line["pack"], line["offset"], self.size)) if "pack" in line else None

    def bytes(self):
        """None where they were not copied."""
        return self.read() if self.read else None


class Mirror:
    """All versions of all objects of a mirror folder: by name, newest first."""

    def __init__(self, folder):
        with open(os.path.join(folder, "manifest.jsonl"), "rb") as file:
            head, *parts = [strict_json(line, "MIRROR") for line in file.read().splitlines()]
        need(head["type"] == "jit-mirror" and head["v"] == 2, "MIRROR")
        packs = [open(os.path.join(folder, "packs", f"{i:06d}.pack"), "rb") for i in range(len(head["packs"]))]

        def read(pack, offset, size):
            need(offset + size < head["packs"][pack], "MIRROR")
            packs[pack].seek(offset)
            return packs[pack].read(size)

        self.objects = defaultdict(list)
        for part in parts:
            with open(os.path.join(folder, "parts", part["sha256"] + ".jsonl"), "rb") as file:
                data = file.read()
            need(sha256(data) == part["sha256"], "MIRROR")
            for line in data.splitlines():
                version = Version(strict_json(line, "MIRROR"), read)
                self.objects[version.key].append(version)

    def under(self, prefix):
        return [key for key in self.objects if key.startswith(prefix)]

    def first(self, key):
        """The oldest version that is no delete marker: the one that counts."""
        return next((v for v in reversed(self.objects.get(key, [])) if not v.is_marker), None)

    def newest(self, key):
        versions = self.objects.get(key, [])
        return versions[0] if versions and not versions[0].is_marker else None
