import asyncio

from jaystream import JaypieStream, Operator


# 1. A function from stream to stream: it is fused with what stands before and behind.
def numbers(stream: JaypieStream[str]) -> JaypieStream[int]:
    return stream.filter(str.isdigit).map(int)


# 2. The same with arguments; the stream comes first.
def multiples(stream: JaypieStream[int], of: int) -> JaypieStream[int]:
    return stream.filter(lambda n: n % of == 0)


# 3. With a memory. A callable source is called anew by each run, so each run has its own set.
def distinct(stream: JaypieStream[int]) -> JaypieStream[int]:
    def start() -> JaypieStream[int]:
        seen: set[int] = set()

        def is_new(n: int) -> bool:
            known = n in seen
            seen.add(n)
            return not known

        return stream.filter(is_new)

    return JaypieStream(start)


# 4. An operator is a value: it is combined before there is a stream, and applied to any source.
tidy = Operator(numbers) | distinct


@Operator
def total(stream: JaypieStream[int]) -> JaypieStream[int]:
    return stream.scan(lambda total, n: total + n, 0).skip(1)


async def main(text: str) -> None:
    words = JaypieStream(text.split())
    print(await (words | numbers).to_list())
    print(await words.pipe(numbers).pipe(multiples, of=3).to_list())
    print(await (words | tidy).to_list(), await (words | tidy).to_list())
    print(await (["1", "2", "x", "4"] | tidy | total).to_list())


asyncio.run(main("3 apples 6 pears 4 3 9"))
