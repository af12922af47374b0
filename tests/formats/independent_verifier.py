"""What an evidence file proves, by `docs/reference/formats.md` alone: nothing of InfoHarbor is imported here.

`python independent_verifier.py EVIDENCE TRUST` prints it. Section numbers are those of that page.
"""

import base64
import json
import sys
from itertools import pairwise

from independent_basics import Refused, need, pack, sha256, sm3, tag, unbase64, unpack
from independent_trust import Trust


def structure(raw, kinds):
    """The fields of an encoded structure: `b32` hash, `b` bytes, `i` integer, `s` text, `l` array."""
    fields = unpack(raw)
    need(isinstance(fields, list) and len(fields) == len(kinds), f"{len(kinds)} fields")
    for value, kind in zip(fields, kinds, strict=True):
        need(type(value) is {"b": bytes, "i": int, "s": str, "l": list}[kind[0]], f"a field of kind {kind}")
        need(kind != "b32" or len(value) == 32, "a hash of 32 bytes")
    return fields


HEADER = ["i", "b32", "i", "i", "i", "b32", "i", "b32", "b32", "b32", "b32", "b"]
RECEIPT = ["i", "b32", "i", "i", "s", "i", "s", "s", "l", "l", "l"]
BODY = ["i", "b32", "l", "b", "i", "l", "l"]
ACTION = ["b", "l", "s", "s", "b"]


# §11 Merkle trees of RFC 9162


def included(data, index, size, path, root, digest):
    need(0 <= index < size and all(len(each) == 32 for each in path), "an index below the size")
    node, last, found = index, size - 1, digest(b"\0" + data)
    for sibling in path:
        need(last > 0, "a path that ends at the root")
        if node & 1 or node == last:
            found = digest(b"\1" + sibling + found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = digest(b"\1" + found + sibling)
        node, last = node >> 1, last >> 1
    need(last == 0 and found == root, "a leaf under the root")


# §8 State tree


def nibble(path, depth):
    return path[depth // 2] >> (0 if depth % 2 else 4) & 15


def in_state(root, path, leaf, nodes, neighbour, digest):
    """`leaf` is the leaf hash, or nothing where there is no leaf."""
    slot, nodes = root, [(node["mask"], [unbase64(each) for each in node["slots"]]) for node in nodes]
    if not nodes:
        need(root == bytes(32) and leaf is None and neighbour is None, "an empty tree")
        return
    need(len(nodes) <= 64, "at most 64 nodes")
    for depth, (mask, slots) in enumerate(nodes):
        need(0 < mask < 65536 and len(slots) == mask.bit_count(), "as many slots as the mask has bits")
        need(all(len(each) == 32 for each in slots), "hashes of 32 bytes")
        need(slot == digest(tag("node") + mask.to_bytes(2, "big") + b"".join(slots)), "a node under the one above")
        at = nibble(path, depth)
        slot = slots[(mask & (1 << at) - 1).bit_count()] if mask >> at & 1 else None
        need(slot is not None or depth == len(nodes) - 1, "an empty slot at the end only")
    if leaf is not None:
        need(neighbour is None and slot == digest(tag("slot") + path + leaf), "the leaf in its slot")
    elif neighbour is None:
        need(slot is None, "an empty slot")
    else:
        other, hashed = unbase64(neighbour["path_hash"]), unbase64(neighbour["leaf_hash"])
        need(len(other) == len(hashed) == 32 and other != path, "another leaf")
        need(all(nibble(other, depth) == nibble(path, depth) for depth in range(len(nodes))), "a leaf on the way")
        need(slot == digest(tag("slot") + other + hashed), "the other leaf in the slot")


# §13 Evidence

FORM = {
    "": "infoharbor digest hash_suite checkpoint state schemas records receipts",
    "state": "header path",
    "block": "header path",
    "records": "path versions complete nodes neighbour",
    "versions": "version height transaction previous schema blind value",
    "nodes": "mask slots",
    "neighbour": "path_hash leaf_hash",
    "receipts": "block receipt blind path body actions",
}
LISTS = ["path", "schemas", "records", "versions", "nodes", "slots", "receipts", "actions"]


def well_formed(name, value, within=""):
    if isinstance(value, dict):
        need(name in FORM and list(value) == FORM[name].split(), f"the members of {name or 'the file'}, in order")
        for member, part in value.items():
            listed = member in LISTS and not (name == "records" and member == "path")
            natural = member in ("version", "height", "mask")
            wanted = list if listed else int if natural else bool if member == "complete" else None
            if wanted is None:
                wanted = dict if member in FORM else str
            need(type(part) is wanted or (member == "neighbour" and part is None), f"{name}.{member}")
            well_formed(member, part)
    elif isinstance(value, list):
        for part in value:
            pair = name == "actions" and type(part) is list and len(part) == 2 and type(part[0]) is int
            need(pair or type(part) is (dict if name in FORM else str), f"the items of {name}")
            well_formed(name, part if not pair else part[0])
    elif isinstance(value, int):
        need(0 <= value < 2**53, f"a natural number in {name}")


def no_float(written):
    raise Refused(f"an integer, not {written}")


def encode(document):
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def verify(raw, trust_file):
    """The records and receipts that are proved; raises `Refused`."""
    trust = Trust(trust_file)
    try:
        document = json.loads(raw, parse_float=no_float, parse_constant=no_float)
        canonical = encode(document)
    except (ValueError, RecursionError):
        raise Refused("JSON in UTF-8") from None
    need(canonical == raw and isinstance(document, dict), "the one encoding")
    well_formed("", document)
    need(document["infoharbor"] == "infoharbor/evidence/1", "evidence of version 1")
    digest = sha256(tag("evidence") + encode({**document, "digest": ""}))
    need(base64.b64encode(digest).decode() == document["digest"], "the digest")
    need(document["hash_suite"] in ("sha256", "sm3"), "a hash suite")
    hashing = sha256 if document["hash_suite"] == "sha256" else sm3
    size, root = trust.believe(document["checkpoint"])

    def header(proof):
        encoded = unbase64(proof["header"])
        fields = structure(encoded, HEADER)
        need(fields[0] == 1 and fields[1] == trust.chain, "a header of this chain")
        included(encoded, fields[2], size, [unbase64(each) for each in proof["path"]], root, sha256)
        return fields

    state = header(document["state"])
    records, receipts = document["records"], document["receipts"]
    need(records or receipts, "something to prove")
    paths = [each["path"] for each in records]
    need(all(first < second for first, second in pairwise(paths)), "each path once, in order")
    schemas = {sha256(tag("schema") + each.encode()): each for each in document["schemas"]}
    used = {unbase64(version["schema"]) for each in records for version in each["versions"]}
    need(used == set(schemas), "the schemas that are used")
    need(all(first < second for first, second in pairwise(document["schemas"])), "each schema once, in order")
    proved = [record(each, state, schemas, hashing) for each in records]
    accounts = [receipt(each, header, hashing) for each in receipts]
    need(all(first[0] < second[0] for first, second in pairwise(accounts)), "each receipt once, in order")
    return {"height": state[2], "time": state[3], "records": proved, "receipts": [each[1:] for each in accounts]}


def record(shown, state, schemas, hashing):
    path, hashed, below = shown["path"], [], []
    for version in shown["versions"]:
        parts = [unbase64(version[name]) for name in ("transaction", "previous", "schema", "blind", "value")]
        leaf = [path, version["version"], version["height"], *parts]
        hashed.append(hashing(tag("leaf") + pack(leaf)))
        below.append((version["version"], parts[1]))
    place = hashing(tag("path") + path.encode())
    in_state(state[8], place, hashed[0] if hashed else None, shown["nodes"], shown["neighbour"], hashing)
    for (later, earlier), hash_of_earlier in zip(pairwise(below), hashed[1:], strict=False):
        need(later == (earlier[0] + 1, hash_of_earlier), "each version names the one before")
    need(shown["complete"] == (not below or below[-1][1] == bytes(32)), "complete only if back to the first")
    values = []
    for version in shown["versions"]:
        value = unbase64(version["value"])
        schema = json.loads(schemas[unbase64(version["schema"])])
        fields = dict(zip((name for name, _ in schema["fields"]), unpack(value), strict=False)) if value else None
        made = fields and "/".join([schema["record"], *(str(fields[name]) for name in schema["key"])])
        need(not fields or made == path, "the path that the key gives")
        values.append(fields)
    return path, values, shown["complete"]


def receipt(shown, header, hashing):
    block, encoded = header(shown["block"]), unbase64(shown["receipt"])
    fields = structure(encoded, RECEIPT)
    need(fields[0] == 1 and fields[2] == block[2], "a receipt of its block")
    blind, path = unbase64(shown["blind"]), [unbase64(each) for each in shown["path"]]
    included(tag("receipt") + blind + encoded, fields[3], block[6], path, block[7], hashing)
    opened, raw = [], unbase64(shown["body"])
    need(raw or not shown["actions"], "a body that commits to the actions")
    if raw:
        body = structure(raw, BODY)
        bucket = (body[4] // 600_000).to_bytes(4, "big") if 0 <= body[4] < 2**48 else b""
        need(body[0] == 1 and bucket + hashing(tag("transaction") + raw)[:28] == fields[1], "the body")
        places = [place for place, _ in shown["actions"]]
        need(all(first < second for first, second in pairwise(places)), "each action once, in order")
        for place, action in shown["actions"]:
            action = unbase64(action)
            need(place < len(body[6]) and hashing(tag("action") + action) == body[6][place], "an action of the body")
            opened.append(structure(action, ACTION)[1:])
    return (fields[2], fields[3]), fields[1].hex(), fields[4], fields[8], opened


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as evidence, open(sys.argv[2], "rb") as trust:
        print(json.dumps(verify(evidence.read(), trust.read()), indent=1, default=bytes.hex, ensure_ascii=False))  # noqa: T201
