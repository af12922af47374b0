"""The style sheet and the pictures of the pages."""

from litestar import Response, get

from infoharbor.portal.shell import read_static

KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
"""Pages ask for the style sheet by its digest, so that what is kept is never old."""


@get("/portal/{digest:str}/portal.css", sync_to_thread=False)
def get_style() -> Response[bytes]:
    """The one style sheet."""
    return Response(read_static("portal.css"), media_type="text/css", headers=KEPT)


@get("/portal/icon.svg", sync_to_thread=False)
def get_icon() -> Response[bytes]:
    """The mark in the browser's tab."""
    return Response(
        read_static("icon.svg"), media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"}
    )


ROUTES = [get_style, get_icon]
