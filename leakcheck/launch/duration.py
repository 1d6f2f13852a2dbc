"""Go's way to write a time span: `90s`, `1h30m`, `1.5h`, `0`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NoReturn

from leakcheck.errors import BadInput

__all__ = ["parse_duration", "render_duration"]

_UNITS_S = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "μs": Decimal("1e-6"),  # the Greek letter, Go takes it as well as the sign
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LONGEST_S = 2**63 // 10**9  # Go keeps nanoseconds in an int64


def parse_duration(text: str) -> float:
    """Read seconds from `text`; 0 means no limit. Raises BadInput, also for a negative span."""
    compact = text.strip()
    if compact == "0":
        return 0.0
    parts = _PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        _refuse(text, "it is not a time span")
    seconds = sum((Decimal(number) * _UNITS_S[unit] for number, unit in parts), Decimal(0))
    if seconds > _LONGEST_S:
        _refuse(text, "it is longer than Go can count")
    return float(seconds)


def render_duration(seconds: float) -> str:
    """Write `seconds` as Go does, to the nanosecond: 5400 → `1h30m0s`, 0.25 → `0.25s`."""
    total_ns = round(Decimal(seconds) * 10**9)
    minutes, rest_ns = divmod(total_ns, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    second = f"{(Decimal(rest_ns) / 10**9).normalize():f}s"
    if hours:
        return f"{hours}h{minutes}m{second}"
    return f"{minutes}m{second}" if minutes else second


def _refuse(text: str, why: str) -> NoReturn:
    raise BadInput(f"--timeout {text!r} cannot be used", why=why, hint="--timeout 1h30m")
