"""What tests of the check in the browser share: the page with the form, the tap, and files that somebody changed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from playwright.sync_api import Page
from tests.portal.conftest import Screens

from infoharbor.evidence.trust import TrustPolicy

LOT = "/01/09521002002027/10/LB250418-B"
PROOF = "/evidence/01~09521002002027~10~LB250418-B"
OBJECT = "trace/objects/01~09521002002027~10~LB250418-B"
OTHER_PROOF = "/evidence/01~09521001001014~10~MC250405"
LANGUAGES = [
    ("en-US", "This device checked it by itself"),
    ("zh-CN", "由本设备自行验证"),
    ("vi-VN", "Chính thiết bị này"),
]


def fresh(policy: TrustPolicy) -> bytes:
    """The trust file, not past its date on the browser's clock."""
    return replace(policy, refresh_by=2**42).encode()


@contextmanager
def nothing_asked(page: Page) -> Iterator[None]:
    """The network is cut, and nothing even tries it."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    yield
    assert asked == []
    page.context.set_offline(False)


def upload(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def verify_page(screens: Screens, language: str = "en-US", width: int = 1200) -> Page:
    page = screens.open("/verify", language=language, width=width)
    page.wait_for_selector("#check[data-ready]")
    return page


def check(page: Page, evidence: bytes | None = None, trust: bytes | None = None) -> str:
    """What the page says once it has checked."""
    for name, content in (("evidence", evidence), ("trust", trust)):
        if content is not None:
            page.set_input_files(f"#{name}", upload(name, content))  # type: ignore[arg-type]
    page.click("#check > button")
    page.wait_for_selector("#verdict .note")
    return page.inner_text("#verdict")


def lot_page(screens: Screens, language: str = "en-US") -> Page:
    """The public page, scrolled to where the proof is taken away."""
    page = screens.open(LOT, language=language, width=360)
    page.wait_for_selector("#check[data-ready]")
    page.locator("#check").scroll_into_view_if_needed()
    return page


def serving(page: Page, path: str, content: bytes) -> None:
    """The node answers this at the path, whatever it would say."""
    page.context.route(f"**{path}", lambda route: route.fulfill(body=content, content_type="application/json"))


def altered(evidence: bytes) -> bytes:
    document = json.loads(evidence)
    document["records"].pop()
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def check_again(page: Page) -> str:
    page.click("#check > button")
    page.wait_for_selector("#verdict .right")
    return page.inner_text("#verdict")
