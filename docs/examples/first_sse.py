from typing import Any

from jaystream.testing import RecordingSend

# isort: split
import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from jaystream import JaypieStream, StreamResponse

app = FastAPI()

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Ask</title>
<form><input name="q" value="Why is the sky blue?"><button>Ask</button></form>
<p></p>
<script>
  const text = document.querySelector("p");
  document.querySelector("form").onsubmit = (submit) => {
    submit.preventDefault();
    text.textContent = "";
    const events = new EventSource("/ask?" + new URLSearchParams(new FormData(submit.target)));
    events.addEventListener("text", (event) => text.append(JSON.parse(event.data).content));
    events.addEventListener("done", () => events.close());
    events.addEventListener("error", () => events.close());
  };
</script>
"""


async def model(question: str) -> AsyncIterator[str]:  # stands for a language model
    for token in ("You ", "asked: ", question):
        await asyncio.sleep(0.2)
        yield token


@app.get("/")
async def page() -> HTMLResponse:
    return HTMLResponse(PAGE)


@app.get("/ask")
async def ask(q: str) -> StreamResponse:
    answer = JaypieStream(model(q)).map(lambda token: {"type": "text", "content": token})
    return answer.on_end([{"type": "done"}]).format_sse().to_response()


# --- that is the app; this asks it ---


async def main() -> None:
    send = RecordingSend()
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/ask",
        "query_string": b"q=Why%3F",
        "headers": [],
    }
    await app(scope, send.receive, send)
    print(send.body.decode(), end="")


if __name__ == "__main__":
    asyncio.run(main())
