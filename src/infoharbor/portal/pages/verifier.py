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

from infoharbor.edgekit.expectations import HOLE, by_likelihood
from infoharbor.edgekit.json_form import is_instant, shape_of
from infoharbor.edgekit.languages import ours_in_chinese
from infoharbor.gateway.exchange import Asked
from infoharbor.portal.about import table_words
from infoharbor.portal.measuring import kept_word
from infoharbor.portal.pages.assets import KEPT
from infoharbor.portal.shell import POLICY, Page
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.trusting import REFRESH_DAYS, ledger_trust

SCRIPTED: Final = POLICY.replace("default-src 'none';", "default-src 'none'; script-src 'self';")
"""The node's own modules run, and can send nothing anywhere: what is checked stays on the device."""
FETCHING: Final = SCRIPTED.replace("script-src 'self';", "script-src 'self'; connect-src 'self';")
"""The same, where the proof has to be fetched from this node."""
TEXTS: Final = (
    *(f"verify.{key}" for key in ("proved", "not_proved", "as_of", "signed_by", "by_device", "own_trust", "stale")),
    *(f"verify.{key}" for key in ("trust_chosen", "trust_kept", "claimed", "program", "records", "absent", "versions")),
    *(
        f"verify.{key}"
        for key in ("complete", "incomplete", "checking", "no_proof", "failed", "about", "other", "carried")
    ),
    *(f"verify.{key}" for key in ("something_else", "of_these", "none_missing", "not_all", "some_missing", "stamp")),
    *("object.lot", "object.serial"),
    *("overview.trust_one", "record.deleted", "value.comma", "value.more", "value.yes", "value.no"),
)
WRITTEN: Final = re.compile(r'"([^"\n]*)"|`([^`]*)`')
VALUE: Final = re.compile(r"\$\{[^}]*\}")
JOINED: Final = "{} or {}"
"""What the program joins out of a list."""
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
def texts_of_program() -> frozenset[str]:
    """All texts that the program holds, with `{}` where it puts a value."""
    own = (content.decode() for name, content in modules().items() if not name.startswith("vendor/"))
    written = (plain or made for content in own for plain, made in WRITTEN.findall(content))
    return frozenset(VALUE.sub(HOLE, text) for text in written) | {JOINED}


@functools.cache
def expected_by_program() -> dict[str, str]:
    """The Chinese of what the program says would be right, by the English; what leaves least open comes first."""
    return by_likelihood({text: chinese for text, chinese in ours_in_chinese().items() if text in texts_of_program()})


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


def stamp_command(page: Page, evidence: str) -> str:
    """What checks a time stamp of the evidence, which the program does not."""
    trust = page.texts("lot.trust_file")
    return f"infoharbor verify {evidence} --trust {trust} --stamp stamp.tsr --authorities roots.pem"


def given_along(page: Page, *, evidence: str, about: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the program needs of a page, as JSON: words in the reader's language, the clock of its times, the trust file that
    this node offers, and what to do with a stamp of the file `evidence`.

    A page of goods says what it is `about`: the identifier of the `object`, and the paths of the records that it has `shown`.
    Any other gets the words of all tables and their fields, and which of these are times."""
    words, trust = page.ledger.words, ledger_trust(page.ledger.engine)  # type: ignore[arg-type]
    tables = page.ledger.registry.tables.values() if about is None else ()
    return {
        "about": about,
        "stamp": stamp_command(page, evidence),
        "refresh_days": REFRESH_DAYS,
        "tables": table_words(page) if about is None else {},
        "texts": {key: page.texts(key) for key in TEXTS},
        "expected": list(expected_by_program().items()) if page.language == "zh" else [],
        "refusals": {code: page.texts.sentence(words.refusal(code)) for code in codes()},
        "fields": {
            f"{kind.contract}/{kind.table}": {
                field.name: kept_word(page, kind.contract, kind.table, field.name) for field in shape_of(kind.of).fields
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
