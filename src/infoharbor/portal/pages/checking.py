"""The page that checks evidence: what a file proves under a trust file, or the first thing that fails."""

import asyncio
from typing import Any, Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile

from infoharbor.evidence.file import EVIDENCE_BYTES, Version
from infoharbor.evidence.policy import TrustPolicy, parse_trust
from infoharbor.evidence.trust import TRUST_BYTES
from infoharbor.evidence.verify import Proven, Unproven, verify
from infoharbor.gateway.exchange import Asked
from infoharbor.kernel.encoding import Malformed
from infoharbor.portal.about import About
from infoharbor.portal.display import NOTHING, Display, Shown, plain
from infoharbor.portal.pages.lot import evidence_of
from infoharbor.portal.pages.trace import identified
from infoharbor.portal.pages.verifier import SCRIPTED, digest, given_along, stamp_command
from infoharbor.portal.shell import Page
from infoharbor.portal.wording import PUBLIC_LANGUAGES
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.trusting import ledger_trust

RECORDS_SHOWN: Final = 100
LISTED: Final = 5
CHECK_COST: Final = 10


@get("/verify", sync_to_thread=True)
def get_verify(request: Asked) -> Response[str]:
    """Ask for the files."""
    return _shown(Page(request, PUBLIC_LANGUAGES), result=None)


@post("/verify", status_code=200)
async def post_verify(request: Asked) -> Response[str]:
    """Check the files for a browser that does not; nothing of them is kept."""
    page = Page(request, PUBLIC_LANGUAGES, cost=CHECK_COST)
    form = await request.form()
    evidence = await _file(form.get("evidence"), "evidence", EVIDENCE_BYTES)
    trust = await _file(form.get("trust"), "trust", TRUST_BYTES)
    named = form.get("object", "")
    if isinstance(named, str) and named and not evidence:
        # The proof of a public page, checked with one tap; the page says whose word that is.
        evidence = await asyncio.to_thread(evidence_of, page, identified(page, named))
    if not evidence:
        raise Problem("input.field_missing", field="evidence", expected="an evidence file")
    return await asyncio.to_thread(_answer, page, evidence, trust)


async def _file(given: Any, name: str, most: int) -> bytes:
    if not isinstance(given, UploadFile):
        return b""
    content = await given.read()
    if len(content) > most:
        raise Problem("input.too_large", field=name, expected=f"at most {most} bytes")
    return content


def _answer(page: Page, evidence: bytes, trust: bytes) -> Response[str]:
    own = not trust
    try:
        policy = ledger_trust(page.ledger.engine) if own else parse_trust(trust)  # type: ignore[arg-type]
        proven = verify(evidence, policy)
    except (Unproven, Malformed) as fault:
        sentence = page.texts.sentence(page.ledger.words.refusal(fault.code))
        result = {
            "proves": False,
            "code": fault.code,
            "field": fault.field,
            "expected": page.expected(fault.code, fault.expected),
            "why": sentence,
        }
        return _shown(page, http_status=422, result=result, own=own)
    return _shown(page, result=described(page, proven, policy), own=own)


def _shown(page: Page, *, http_status: int = 200, **content: Any) -> Response[str]:
    evidence = page.texts("lot.evidence_file")
    along, stamp = given_along(page, evidence=evidence), stamp_command(page, evidence)
    shown = page.show("verify.html", http_status=http_status, given=along, stamp=stamp, version=digest(), **content)
    shown.headers["Content-Security-Policy"] = SCRIPTED
    return shown


def described(page: Page, proven: Proven, policy: TrustPolicy) -> dict[str, Any]:
    """What the file proves, as the page lists it."""
    known = {each.receipt.transaction: each for each in proven.receipts}
    about = About(page)
    things = about.things(proven)
    records = [
        {
            "called_by": about.called(record.path),
            "absent": not record.versions,
            "complete": record.complete,
            "versions": len(record.versions),
            "content": _content(page, record.path, *record.versions[0]) if record.versions else None,
            "written": known.get(record.versions[0][0].transaction) if record.versions else None,
        }
        for record in proven.records[:RECORDS_SHOWN]
    ]
    return {
        "proves": True,
        "ledger": policy.chain,
        "chain": proven.chain.hex(),
        "signers": proven.signers,
        "about": things[:LISTED],
        "about_more": max(len(things) - LISTED, 0),
        "counts": about.counts(proven),
        "height": proven.height,
        "time": proven.time,
        "records": records,
        "more": len(proven.records) - len(records),
        "receipts": len(proven.receipts),
        "embedded": policy.engine == "embedded" and not policy.witnesses,
        "stale": policy.refresh_by < now_ms(),
    }


def _content(page: Page, path: str, version: Version, named: dict[str, Any] | None) -> Shown | None:
    """The newest version's fields: under their words where this node knows the table, by name where it does not."""
    if named is None:
        return None
    kind = page.ledger.registry.table(path)
    if kind is None or kind.schema_hash != version.schema:
        return plain(named)
    fields = Display(page, kind).fields(kind.decode(version.value))
    return Shown("fields", parts=tuple((word, shown) for _, word, shown in fields if shown is not NOTHING))


ROUTES = [get_verify, post_verify]
