"""
What came of a request to somebody else's server. The tree is drawn in `jaystream.errors`, where this is imported from.
"""

from __future__ import annotations

from jaystream.errors._jaypie import BadGatewayError, GatewayTimeoutError, JaypieError, UnavailableError

_BUSY = {429, 503, 529}
_SLOW = {408, 504, 524}


class UpstreamError(JaypieError):
    """
    A server that was asked for a stream gave none, or the connection to it was lost for good.

    Clients see no more of it than a status of ours and its standard text: that our key was refused upstream (401) is a
    502 to them. 503 stands for an upstream that is busy, 504 for one that did not answer in time. The message, for the
    log, says what was asked, without the query, and what came.

    Args:
        url: What was asked.
        reason: What was wrong.
        upstream_status: The status of the upstream's answer, None where there was none.
        excerpt: The beginning of its body, at most 1,000 characters.
        retry_after: Seconds after which the upstream wants to be asked again, where it said so.
        timed_out: Whether it was waited for in vain.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        *,
        upstream_status: int | None = None,
        excerpt: str = "",
        retry_after: float | None = None,
        timed_out: bool = False,
    ) -> None:
        kind: type[JaypieError] = BadGatewayError
        if upstream_status in _BUSY:
            kind = UnavailableError
        elif timed_out or upstream_status in _SLOW:
            kind = GatewayTimeoutError
        self.status: int = kind.status
        self.title: str = kind.title
        super().__init__(kind.detail)
        self.url: str = url
        self.reason: str = reason
        self.upstream_status: int | None = upstream_status
        self.excerpt: str = excerpt
        self.retry_after: float | None = retry_after

    def __str__(self) -> str:
        body = f"; it begins {self.excerpt[:200]!r}" if self.excerpt else ""
        return f"{self.url}: {self.reason}{body}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_made, (type(self), self.args, dict(vars(self))))


def _made(kind: type[UpstreamError], args: tuple[object, ...], fields: dict[str, object]) -> UpstreamError:
    """Puts a pickled one together again."""
    made = kind.__new__(kind)
    made.args = args
    vars(made).update(fields)
    return made


UpstreamError.__module__ = "jaystream.errors"  # where it is public: tracebacks and pickles name it so
