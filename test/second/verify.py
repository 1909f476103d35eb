#!/usr/bin/python3
"""A second verifier of a log, written from docs/record-format.md alone. It reads mirrors (`jit audit mirror`), and prints for each a line
of JSON: what it found, or the code of what it does not begin with. It knows no catalog, so it leaves out what follows from one.

    verify.py FINGERPRINT DIR...
"""
import json
import sys

from acknowledgements import AcknowledgementRules
from chains import ChainRules
from encoding import Bad
from mirror import Mirror
from request import RequestRules
from tree import TreeRules
from trust import TrustRules


class Verifier(TrustRules, TreeRules, ChainRules, RequestRules, AcknowledgementRules):
    def __init__(self, mirror, fingerprint):
        self.mirror, self.log, self.found = mirror, fingerprint, []
        self.read_trust(fingerprint)
        self.read_tree()
        self.read_records()
        self.judge_keys()
        self.judge_chains()
        self.judge_requests()
        self.judge_tree()
        self.judge_acknowledgements()

    def find(self, code, severity, key, about="-"):
        self.found.append({"code": code, "severity": severity, "object": key, "about": about})


def verify(folder, fingerprint):
    try:
        return {"findings": Verifier(Mirror(folder), fingerprint).found}
    except Bad as bad:
        return {"error": str(bad)}


if __name__ == "__main__":
    for folder in sys.argv[2:]:
        print(json.dumps(verify(folder, sys.argv[1])), flush=True)
