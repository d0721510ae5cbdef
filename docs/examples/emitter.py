import asyncio
import threading
from collections.abc import Callable

from jaystream import Emitter
from jaystream.errors import FullEmitterError


# A library that calls back, here from a thread of its own: a message queue, a file watcher, a microphone.
def subscribe(on_message: Callable[[str], None], on_close: Callable[[], object]) -> threading.Thread:
    def deliver() -> None:
        for n in range(4):
            on_message(f"message {n}")
        on_close()

    thread = threading.Thread(target=deliver)
    thread.start()
    return thread


async def from_thread() -> None:
    loop = asyncio.get_running_loop()
    messages = Emitter[str](2)

    def push(message: str) -> None:  # waits in the thread while the stream has no room
        asyncio.run_coroutine_threadsafe(messages.send(message), loop).result()

    thread = subscribe(push, lambda: loop.call_soon_threadsafe(messages.close))
    await messages.stream.map(str.upper).for_each(print)
    await asyncio.to_thread(thread.join)


# A callback in the event loop cannot wait: it drops, or it fails.
async def from_callback() -> None:
    readings = Emitter[float](2)
    for value in (20.5, 20.6, 20.9):
        try:
            readings.send_nowait(value)
        except FullEmitterError:
            print("dropped", value)
    readings.fail(ConnectionError("sensor gone"))
    print(await readings.stream.materialize().to_list())


asyncio.run(from_thread())
asyncio.run(from_callback())
