"""Sending one order: signed by Standard Webhooks, to a checked address, for seconds at most.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from common.text import clean_line
from downstream.addresses import FORBIDDEN, PORTS, address_of, check_endpoint
from downstream.exceptions import NotDelivered, SystemRefused
from downstream.models import LONGEST_NOTE

if TYPE_CHECKING:
    import httpx

# Seconds for all of it, however slowly the other side speaks; a name that is being looked up then
# holds the end of the loop for up to five minutes more (delivery.LEASE).
DEADLINE = 15
TIMEOUT = 5  # seconds for each step
LARGEST_ANSWER = 16 * 1024  # bytes
GONE = 410


@dataclass(frozen=True)
class Reply:
    """What a system answered: ``note`` is what it said beside its acknowledgement."""

    status: int
    acknowledges: bool = False
    note: str = ""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


def signed_headers(
    message_id: str, body: str, secrets: Sequence[str], *, at: datetime
) -> dict[str, str]:
    """Return the headers of the standard: one signature for each secret, the newest first."""
    moment = at.astimezone(UTC)
    signatures = [Webhook(secret).sign(message_id, moment, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def post(endpoint: str, body: str, headers: Mapping[str, str]) -> Reply:
    """Raises NotDelivered when no answer came; one of any status is an answer."""
    import httpx  # noqa: PLC0415 -- it would slow every start

    try:
        check_endpoint(endpoint)
        return asyncio.run(_post(httpx.URL(endpoint), body, headers))
    except SystemRefused:
        raise NotDelivered(FORBIDDEN) from None
    except TimeoutError:
        raise NotDelivered("too slow") from None
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise NotDelivered(type(error).__name__[:64]) from None


async def _post(url: httpx.URL, body: str, headers: Mapping[str, str]) -> Reply:
    """Connect to the address that was checked; name and certificate stay those of the host."""
    import httpx  # noqa: PLC0415 -- as above

    host = url.raw_host.decode()
    async with asyncio.timeout(DEADLINE):
        address = await asyncio.to_thread(address_of, host, url.port or PORTS[url.scheme])
        async with httpx.AsyncClient(verify=_trusted(), trust_env=False, timeout=TIMEOUT) as client:
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                content=body.encode(),
                headers={
                    **headers,
                    "Host": url.netloc.decode(),
                    "Content-Type": "application/json",
                    "Accept-Encoding": "identity",
                    "User-Agent": "privacyportal",
                },
                extensions={"sni_hostname": host},
            )
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                return _read(response.status_code, await _beginning(response))
            finally:
                await response.aclose()


async def _beginning(response: httpx.Response) -> bytes:
    content = b""
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > LARGEST_ANSWER:
            return b""  # longer than any acknowledgement
    return content


def _read(status: int, content: bytes) -> Reply:
    reply = Reply(status)
    said = said_in(content) if reply.is_good else {}
    if said.get("acknowledged") is not True:
        return reply
    return Reply(status, acknowledges=True, note=clean_note(said.get("note")))


def said_in(content: bytes) -> dict[str, Any]:
    """Return the JSON object that a system sent, an empty one for anything else."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def clean_note(note: object) -> str:
    return clean_line(note)[:LONGEST_NOTE] if isinstance(note, str) else ""


@cache
def _trusted() -> ssl.SSLContext:
    """Trust whom the machine trusts, so that a company's own authority is known."""
    return ssl.create_default_context()
