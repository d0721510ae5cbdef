"""
`paginate`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import JaypieStream
from tests.checks import WAYS, cancel_at_every_await, pause

PAGES: dict[str | None, tuple[list[int], str | None]] = {
    None: ([1, 2], "b"),
    "b": ([], "c"),
    "c": ([3], "d"),
    "d": ([4, 5], None),
}


class Api:
    """
    An API with pages, which notes what it was asked.
    """

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def fetch(self, cursor: str | None) -> tuple[list[int], str | None]:
        """
        Give a page.
        """
        self.asked.append(cursor)
        return PAGES[cursor]

    async def fetch_later(self, cursor: str | None) -> tuple[list[int], str | None]:
        """
        Give a page after a wait.
        """
        await pause()
        return self.fetch(cursor)


class TestPaginate:
    """
    Items out of pages.
    """

    async def test_gives_items_of_all_pages(self) -> None:
        """
        The items of all pages come in order, empty pages are passed over, and it can run again.
        """
        api = Api()
        for stream in (JaypieStream.paginate(api.fetch), JaypieStream.paginate(api.fetch_later)):
            for gather in WAYS:
                api.asked.clear()
                assert [1, 2, 3, 4, 5] == await gather(stream)
                assert [None, "b", "c", "d"] == api.asked

    async def test_start(self) -> None:
        """
        It starts at the cursor it is given.
        """
        assert [3, 4, 5] == await JaypieStream.paginate(Api().fetch, "c").to_list()

    @pytest.mark.parametrize(
        ("count", "asked"), [(0, []), (1, [None]), (2, [None]), (3, [None, "b", "c"]), (4, [None, "b", "c", "d"])]
    )
    async def test_fetches_only_what_is_needed(self, count: int, asked: list[str | None]) -> None:
        """
        A page is fetched when its first item is asked for.
        """
        api = Api()
        stream = JaypieStream.paginate(api.fetch_later)
        assert [] == api.asked
        assert [1, 2, 3, 4, 5][:count] == await stream.take(count).to_list()
        assert asked == api.asked

    async def test_error(self) -> None:
        """
        An error of a fetch comes after the items of the pages before.
        """
        pages: dict[int | None, tuple[list[int], int | None]] = {None: ([1, 2], 404)}
        got: list[int] = []
        with pytest.raises(KeyError, match="404"):
            await JaypieStream.paginate(pages.__getitem__).for_each(got.append)
        assert [1, 2] == got

    async def test_cancellation(self) -> None:
        """
        It can be cancelled at each of its awaits.
        """
        stream = JaypieStream.paginate(Api().fetch_later)
        assert 4 <= await cancel_at_every_await(stream.to_list, "native")
        assert 4 <= await cancel_at_every_await(stream.to_list, "scope")

    async def test_endless_empty_pages(self) -> None:
        """
        Pages that are all empty and come at once leave the event loop its turns, so that they can be cancelled.
        """

        def fetch(cursor: int | None) -> tuple[list[int], int | None]:
            return [], (cursor or 0) + 1

        task = asyncio.ensure_future(JaypieStream.paginate(fetch).to_list())
        await pause()
        await pause()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    @pytest.mark.parametrize("page", ["abc", b"abc", {"a": 1}, 3, None])
    async def test_bad_page(self, page: Any) -> None:
        """
        A page that is no list of items is refused; the parts of a text are rarely what is meant.
        """
        with pytest.raises(TypeError, match=r"^a source (of items )?is "):
            await JaypieStream[Any].paginate(lambda _: (page, None)).to_list()

    async def test_page_that_is_a_stream(self) -> None:
        """
        A source that is no list is refused too, with what it was.
        """
        page: Any = JaypieStream([1])
        with pytest.raises(TypeError, match=r"paginate\(fetch\) gives the items of a page as a list or its like, not"):
            await JaypieStream[Any].paginate(lambda _: (page, None)).to_list()

    @pytest.mark.parametrize("wrong", [None, 3, [1, 2, 3]])
    async def test_bad_result(self, wrong: Any) -> None:
        """
        So is what is no pair, with what it was.
        """
        with pytest.raises(TypeError, match=r"paginate\(fetch\) gives \(items of the page, next cursor\), not [N3\[]"):
            await JaypieStream[Any].paginate(lambda _: wrong).to_list()

    async def test_plain_callable_with_a_coroutine(self) -> None:
        """
        A plain callable that gives a coroutine is refused by name.
        """
        api = Api()
        with pytest.raises(TypeError, match=r"paginate\(\) was given a plain callable .* that returns a coroutine"):
            await JaypieStream.paginate(lambda cursor: api.fetch_later(cursor)).to_list()  # noqa: PLW0108 - the mistake

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the stream is written.
        """
        wrong: Any = "https://example.org"
        with pytest.raises(TypeError, match=r"paginate\(\) expects a callable, sync or async, not 'https"):
            JaypieStream.paginate(wrong)
