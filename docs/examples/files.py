import asyncio
import tempfile
from pathlib import Path

from jaystream import JaypieStream


async def main(folder: Path) -> None:
    log, errors = folder / "app.log", folder / "errors.txt"
    log.write_text("ok start\nerror disk full\nok retry\nerror no route\n")

    lines = JaypieStream.from_file(log).lines()
    failed = lines.filter(lambda line: line.startswith("error ")).map(lambda line: line + "\n")
    report = await failed.to_file(errors, atomic=True)
    print(report.items, "lines,", report.bytes, "bytes")
    print(errors.read_text(), end="")

    # The same again with a fault in the middle: the file keeps what it had.
    try:
        await failed.concat(JaypieStream.fail(ConnectionError("log server gone"))).to_file(errors, atomic=True)
    except ConnectionError as error:
        print("failed:", error)
    print(sorted(path.name for path in folder.iterdir()), len(errors.read_text()), "characters")


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder)))
