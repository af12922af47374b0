"""The program with which a reader's own browser checks evidence, and what a page gives along with it."""

import functools
import gzip
import hashlib
import importlib.resources
import re
from importlib.resources.abc import Traversable
from typing import Any, Final

from litestar import Response, get
from msgspec import inspect

from infoharbor.edgekit.json_form import is_instant, shape_of
from infoharbor.gateway.exchange import Asked
from infoharbor.portal.naming import field_word
from infoharbor.portal.pages.assets import KEPT
from infoharbor.portal.shell import POLICY, Page
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.trusting import ledger_trust

SCRIPTED: Final = POLICY.replace("default-src 'none';", "default-src 'none'; script-src 'self';")
"""The node's own modules run, and can send nothing anywhere: what is checked stays on the device."""
FETCHING: Final = SCRIPTED.replace("script-src 'self';", "script-src 'self'; connect-src 'self';")
"""The same, where the proof has to be fetched from this node."""
TEXTS: Final = (
    *(f"verify.{key}" for key in ("proved", "not_proved", "as_of", "signed_by", "by_device", "own_trust", "stale")),
    *(f"verify.{key}" for key in ("trust_chosen", "trust_kept", "claimed", "program", "records", "absent", "versions")),
    *(f"verify.{key}" for key in ("complete", "incomplete", "checking", "no_proof", "failed")),
    *("overview.trust_one", "record.deleted", "value.comma", "value.more", "value.yes", "value.no"),
)
CODE: Final = re.compile(r'"((?:evidence|ledger|note|trust)\.[a-z_0-9]+)"')


@functools.cache
def modules() -> dict[str, bytes]:
    """The program's files by their path below `verify/`."""
    return dict(sorted(_below(importlib.resources.files("infoharbor.portal") / "static" / "verify")))


def _below(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _below(each, f"{prefix}{each.name}/")
        elif each.name.endswith(".js"):
            found.append((prefix + each.name, each.read_bytes()))
    return found


@functools.cache
def digest() -> str:
    """Changes with the program, so that browsers may keep it for long."""
    whole = b"".join(hashlib.sha256(content).digest() for content in modules().values())
    return hashlib.sha256(whole).hexdigest()[:12]


@functools.cache
def codes() -> tuple[str, ...]:
    """All codes under which the program refuses a file."""
    own = (content.decode() for name, content in modules().items() if not name.startswith("vendor/"))
    return tuple(sorted({code for content in own for code in CODE.findall(content)}))


@functools.cache
def _packed(name: str) -> bytes:
    return gzip.compress(modules()[name], mtime=0)


@get("/portal/{version:str}/verify/{name:path}", sync_to_thread=False)
def get_module(request: Asked) -> Response[bytes]:
    """One file of the program."""
    name = str(request.path_params["name"]).lstrip("/")
    if name not in modules():
        raise Problem("http.not_found", field="path", expected="/verify")
    # A page of another version may ask here: its browser is not to keep a program that is put together from two.
    kept = KEPT if request.path_params["version"] == digest() else {"Cache-Control": "no-store"}
    headers = kept | {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_packed(name), media_type="text/javascript", headers=headers | {"Content-Encoding": "gzip"})
    return Response(modules()[name], media_type="text/javascript", headers=headers)


def given_along(page: Page, *, fields: bool) -> dict[str, Any]:
    """What the program needs of a page, as JSON: words in the reader's language, the clock of its times, and the trust file
    that this node offers; if `fields`, the words of all tables' fields, and which of them are times."""
    words, trust = page.ledger.words, ledger_trust(page.ledger.engine)  # type: ignore[arg-type]
    tables = page.ledger.registry.tables.values() if fields else ()
    return {
        "texts": {key: page.texts(key) for key in TEXTS},
        "refusals": {code: page.texts.sentence(words.refusal(code)) for code in codes()},
        "fields": {
            f"{kind.contract}/{kind.table}": {
                field.name: field_word(page, kind.contract, kind.table, field.name)
                for field in shape_of(kind.of).fields
            }
            for kind in tables
        },
        "times": [
            f"{kind.contract}/{kind.table}.{field.name}"
            for kind in tables
            for field in shape_of(kind.of).fields
            if _is_time(field.type)
        ],
        "offset": page.moment(now_ms())[-6:],
        "chain": trust.genesis.hex(),
        "trust": trust.encode().decode(),
    }


def _is_time(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(is_instant(each) for each in kinds)


ROUTES = [get_module]
