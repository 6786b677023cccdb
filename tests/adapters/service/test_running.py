"""What a service is not started with: told in a line with what to say instead, before anything listens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.publishing.trust import unsigned
from adapters.service.running import Misconfigured, Options, check

PLAIN = Options(store="./store", trust=unsigned())
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "the world without tokens": ({"host": "0.0.0.0"}, "give --tokens FILE"),  # noqa: S104 -- it is refused
    "half of a pair": ({"certificate": Path("cert.pem")}, "are given together"),
    "an age that no read keeps": ({"max_age_s": 0.5, "patience_s": 0.5}, "raise --max-age"),
    "a log without a folder": ({"log_sync": True}, "give --decision-log DIR"),
    "a log where a file is": ({"decision_log": Path("file")}, "cannot be written to `file`"),
    "a log below a file": ({"decision_log": Path("file/log")}, "give --decision-log a folder that can"),
    "no certificate": ({"certificate": Path("none"), "key": Path("file")}, "make no TLS: no such file"),
    "text for a certificate": ({"certificate": Path("file"), "key": Path("file")}, "make no TLS"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_could_not_work_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("text")
    said, told = WRONG[name]
    with pytest.raises(Misconfigured, match=told):
        check(replace(PLAIN, **said))


def test_the_folder_of_the_log_is_made(tmp_path: Path) -> None:
    check(replace(PLAIN, decision_log=tmp_path / "logs" / "of a desk"))
    assert [*tmp_path.rglob("*")] == [tmp_path / "logs", tmp_path / "logs" / "of a desk"]
