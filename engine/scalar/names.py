"""Every name that generated code may use, besides its own constants."""

from __future__ import annotations

from typing import Any

from engine.scalar import moments, runtime, series, texts

NAMES: dict[str, Any] = {**runtime.NAMES, **texts.NAMES, **moments.NAMES, **series.NAMES}
