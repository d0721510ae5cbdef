import json
from datetime import date
from decimal import Decimal

from pydantic import BaseModel

from jaystream import FormatError, format_ndjson, format_sse


class Point(BaseModel):
    x: float
    y: float = float("nan")


print(format_ndjson({"type": "café", "when": date(2026, 1, 2), "price": Decimal("1.50")}), end="")
print(format_ndjson([1.0, 1e20, 1e-6, -0.0, float("inf"), (None, True), {"b": 1, "1": 2}]), end="")
print(format_ndjson(Point(x=1)), end="")

try:
    format_sse({"type": "text", "content": [print]})
except FormatError as error:
    print(str(error).split(" Accepted")[0])

try:
    format_sse({"type": "text\ndata: forged"})
except FormatError as error:
    print(error)

print(json.loads(format_ndjson({"big": 2**60})))
