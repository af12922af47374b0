"""The route that checks an invoice file before anyone lends against it; nothing is fetched, and nothing is kept."""

import asyncio
from typing import Any

from litestar import Response, post

from infoharbor.contracts.receivable.exchange.checking import check_invoice, described
from infoharbor.contracts.receivable.exchange.faults import InvoiceFault
from infoharbor.contracts.receivable.exchange.xml_text import BYTES_MAX
from infoharbor.gateway.exchange import XML, Asked, Parameters, answer, body_of, reader_of
from infoharbor.sdk.problems import Problem


@post("/v1/invoices/check", status_code=200)
async def post_check(request: Asked) -> Response[Any]:
    """Whether an invoice's or credit note's sums, tax, parties and number are right: what it says, or what is wrong."""
    reader_of(request)
    Parameters(request).end()
    raw = await body_of(request, BYTES_MAX, XML)
    found = await asyncio.to_thread(check_invoice, raw)
    if isinstance(found, InvoiceFault):
        raise Problem(f"receivable.{found.code}", field=found.field, expected=found.expected)
    return answer(described(found))


ROUTES = [post_check]
