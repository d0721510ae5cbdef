import asyncio
import tempfile
from pathlib import Path

from jaystream import JaypieStream


async def main(folder: Path) -> None:
    log, errors = folder / "app.log", folder / "errors.txt"
    await JaypieStream.of("ok start\nerror disk full\n", "ok retry\nerror no route\n").to_file(log)

    lines = JaypieStream.from_file(log).lines()
    failed = lines.filter(lambda line: line.startswith("error ")).map(lambda line: line + "\n")
    report = await failed.to_file(errors, atomic=True)
    print(report.items, "lines,", report.bytes, "bytes")

    # The same again with a fault at the end: the file keeps what it had, and nothing else is left.
    try:
        await failed.concat(JaypieStream.fail(ConnectionError("log server gone"))).to_file(errors, atomic=True)
    except ConnectionError as error:
        print("failed:", error)
    await JaypieStream.from_file(errors).lines().for_each(print)


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder)))
    print(sorted(path.name for path in Path(folder).iterdir()))
