"""Whether a checkpoint is to be believed, by sections 4, 12 and 14 of `docs/reference/formats.md` alone."""

import re
from datetime import datetime
from itertools import pairwise

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from independent_basics import need, sha256, sm3, tag, u64, unbase64

# §4, §12 Signatures

P = 2**255 - 19
SMALL = (
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little") % 2**255
)


def ed25519(key, message, signature):
    for point in (key, signature[:32]):
        y = int.from_bytes(point, "little") % 2**255
        if y >= P or y in (0, 1, P - 1, SMALL, P - SMALL):  # not canonical, or of small order
            return False
    return checks(Ed25519PublicKey, key, message, signature)


def checks(algorithm, key, message, signature):
    try:
        algorithm.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


SM2_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
SM2_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
SM2_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
SM2_G = (0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
         0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0)  # fmt: skip


def plus(one, two):
    if one is None or two is None:
        return one or two
    if one[0] == two[0] and (one[1] + two[1]) % SM2_P == 0:
        return None
    over, under = (3 * one[0] ** 2 - 3, 2 * one[1]) if one == two else (two[1] - one[1], two[0] - one[0])
    slope = over * pow(under, -1, SM2_P)
    x = (slope * slope - one[0] - two[0]) % SM2_P
    return x, (slope * (one[0] - x) - one[1]) % SM2_P


def times(number, point):
    result = None
    for bit in f"{number:b}":
        result = plus(result, result)
        result = plus(result, point) if bit == "1" else result
    return result


def sm2(key, message, signature):
    numbers = [key[1:33], key[33:], signature[:32], signature[32:]]
    x, y, r, s = (int.from_bytes(each, "big") for each in numbers)
    in_range = key[0] == 4 and 0 < r < SM2_N and 0 < s < SM2_N and r + s != SM2_N and x < SM2_P and y < SM2_P
    if not in_range or (y * y - x**3 + 3 * x - SM2_B) % SM2_P:
        return False
    curve = b"".join(each.to_bytes(32, "big") for each in (SM2_P - 3, SM2_B, *SM2_G, x, y))
    e = int.from_bytes(sm3(sm3(b"\0\x80" + b"1234567812345678" + curve) + message), "big")
    point = plus(times(s, SM2_G), times((r + s) % SM2_N, (x, y)))
    return point is not None and (e + point[0]) % SM2_N == r


def short(name):
    return bytes([len(name.encode())]) + name.encode()


def signed_message(kind, name, seconds, note, origin, size, root):
    if kind == b"\1":
        return note
    if kind == b"\4":
        return b"cosignature/v1\ntime %d\n" % seconds + note
    if kind == b"\6":
        return b"subtree/v1\n\0" + short(name) + u64(seconds) + short(origin) + u64(0) + u64(size) + root
    return tag("note-sm2") + short(name) + u64(seconds) + note


KINDS = {
    b"\1": (32, 64, False, ed25519),
    b"\4": (32, 64, True, ed25519),
    b"\6": (1312, 2420, True, lambda key, message, signature: checks(MLDSA44PublicKey, key, message, signature)),
    b"\xff" + tag("note-sm2"): (65, 64, True, sm2),
}


def verifier_key(vkey):
    """Name, note key id, kind, public key."""
    name, key_id, encoded = vkey.split("+", 2)
    material = unbase64(encoded)
    kind = next((kind for kind in KINDS if material.startswith(kind)), None)
    need(kind and len(material) == len(kind) + KINDS[kind][0], "a key of a known type")
    need(sha256(name.encode() + b"\n" + material)[:4].hex() == key_id, "the key's id")
    return name, bytes.fromhex(key_id), kind, material[len(kind) :]


# §14 Trust file


ONCE = ("infoharbor-trust/1", "chain", "engine", "pin", "refresh-by", "quorum")


class Trust:
    """A trust file that its owner knows to be well formed: of its own mistakes not all are looked for."""

    def __init__(self, raw):
        self.logs, self.witnesses, self.sm2, self.groups, once = [], {}, {}, [], {}
        lines = [line.strip(" \t") for line in raw.decode().split("\n")]
        for line in lines:
            if not line or line.startswith("##"):
                continue
            word, *rest = re.split("[ \t]+", line.removeprefix("#").strip(" \t"))
            if word == "log":
                self.logs.append(verifier_key(rest[0]))
            elif word == "witness":
                self.witnesses[rest[0]] = verifier_key(rest[1])
            elif word == "sm2":
                self.sm2[rest[0]] = verifier_key(rest[1])
            elif word == "group":
                needed = {"all": len(rest) - 2, "any": 1}.get(rest[1]) or int(rest[1])
                self.groups.append((rest[0], needed, rest[2:]))
            else:
                need(word in ONCE and word not in once, f"one line {word}")
                once[word] = rest
        need(once.get("infoharbor-trust/1") == [], "a trust file of version 1")
        self.name, self.chain = once["chain"][0], bytes.fromhex(once["chain"][1])
        self.origin = f"{self.name}/{self.chain[:8].hex()}"
        self.pin = int(once["pin"][0]), unbase64(once["pin"][1])
        self.refresh_by = datetime.fromisoformat(once["refresh-by"][0])
        self.quorum = once["quorum"][0]
        need(self.quorum != "none" or once["engine"] == ["embedded"], "a quorum")

    def is_met(self, names):
        names = set(names)
        for name, needed, members in self.groups:
            if len(names & set(members)) >= needed:
                names.add(name)
        return self.quorum == "none" or self.quorum in names

    def believe(self, note):
        """The size and root of a checkpoint that the quorum stands behind."""
        body, blank, lines = note.rpartition("\n\n")
        need(blank and lines.endswith("\n") and not re.search("[\0-\x09\x0b-\x1f]", note), "a signed note")
        body, parts = (body + "\n").encode(), body.split("\n")
        need(len(parts) == 3 and re.fullmatch("0|[1-9][0-9]{0,18}", parts[1], re.ASCII), "three lines")
        origin, size, root = parts[0], int(parts[1]), unbase64(parts[2])
        need(origin == self.origin and len(root) == 32 and size < 2**63, "a checkpoint of this chain")
        need(size != self.pin[0] or root == self.pin[1], "the pinned root")
        keys = {key[:2]: key for key in [*self.logs, *self.witnesses.values(), *self.sm2.values()]}
        signed, orders = {}, []
        for line in lines[:-1].split("\n"):
            dash, name, encoded = [*line.split(" "), "", ""][:3]
            need(line == f"— {name} {encoded}", "a signature line")
            material = unbase64(encoded)
            key = keys.get((name, material[:4]))
            need(dash and key, "a known key")
            _, length, timed, verify = KINDS[key[2]]
            stamp, signature = material[4 : 12 if timed else 4], material[12 if timed else 4 :]
            seconds = int.from_bytes(stamp, "big")
            message = signed_message(key[2], name, seconds, body, origin, size, root)
            need(
                len(signature) == length and seconds < 2**63 and verify(key[3], message, signature), "a valid signature"
            )
            orders.append((name.encode(), material[:4]))
            signed[key] = seconds
        need(all(first < second for first, second in pairwise(orders)), "lines in order, each once")
        logs = [key for key in self.logs if key in signed]
        need(len(logs) == 1 and logs[0][0] == origin, "one log signature")
        counted = {name for name, key in self.witnesses.items() if signed.get(key, 0) > 0}
        need(self.is_met(counted), "the quorum")
        need(not any(self.is_met(counted - {name}) for name in counted), "no cosignature beyond the quorum")
        fitting = {self.witnesses[name] for name in counted} | {self.sm2[name] for name in counted & set(self.sm2)}
        need(set(signed) <= fitting | {logs[0]}, "no other signature")
        return size, root
