"""How timestamps and durations are read and written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.times import (
    duration_of_seconds,
    format_duration,
    format_timestamp,
    parse_duration,
    parse_duration_us,
    parse_timestamp,
    parse_timestamp_us,
    read_duration,
)
from rules.types import DURATION_MAX_US

AWARE = msgspec.json.Decoder(datetime)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0s", 0),
        ("60s", 60_000_000),
        ("1h30m", 5_400_000_000),
        ("1h30m0.5s", 5_400_500_000),
        ("1.5s", 1_500_000),
        ("100ms", 100_000),
        ("-5s", -5_000_000),
        ("+5s", 5_000_000),
        ("10us", 10),
        ("10µs", 10),
        ("10μs", 10),
        ("1500ns", 2),
        ("2500ns", 2),
        ("-1500ns", -2),
        ("0.0000005s", 0),
        ("0.00000050000000000001s", 1),
        ("315576000000s", DURATION_MAX_US),
    ],
)
def test_a_duration_is_read(text: str, micros: int) -> None:
    assert parse_duration_us(text) == micros
    assert parse_duration(text) == timedelta(microseconds=micros)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "60",
        "60 s",
        "60S",
        "1d",
        "PT60S",
        "1.s",
        ".5s",
        "1e3s",
        "--1s",
        "1s-1s",
        "60s\n",
        "٣s",
        "315576000001s",
        "9" * 64 + "s",
    ],
)
def test_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write numbers with units|a duration is at most"):
        parse_duration(text)


@pytest.mark.parametrize("said", [True, None, [], float("nan"), float("inf"), 1e300, 10**400, "x"])
def test_what_is_no_duration_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match=r"write|at most"):
        read_duration(said)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0s"),
        (59_999_999, "59.999999s"),
        (60_000_000, "60s"),
        (300_000_000, "300s"),
        (-500_000, "-0.5s"),
        (-1, "-0.000001s"),
    ],
)
def test_a_duration_is_written(micros: int, text: str) -> None:
    assert format_duration(timedelta(microseconds=micros)) == text


@given(st.integers(-DURATION_MAX_US, DURATION_MAX_US))
def test_durations_go_there_and_back(micros: int) -> None:
    length = timedelta(microseconds=micros)
    assert parse_duration(format_duration(length)) == length


@given(st.floats(-1e6, 1e6))
def test_seconds_are_rounded_to_the_microsecond(seconds: float) -> None:
    assert abs(duration_of_seconds(seconds).total_seconds() - seconds) <= 0.5e-6 + 1e-9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01t00:00:00.5z", 500_000),
        ("1970-01-01 00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T18:30:00-0530", 0),
        ("1970-01-01T00:00:00.0000005Z", 1),
        ("1970-01-01T00:00:00.00000049999Z", 0),
        ("1970-01-01T00:00:00.9999999Z", 1_000_000),
    ],
)
def test_a_timestamp_is_read(text: str, expected: int) -> None:
    assert parse_timestamp_us(text) == expected
    assert parse_timestamp(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-03",
        "2026-02-03T12:00:00",
        "2026-02-03T12:00Z",
        "2026-02-03T12:00:00+02",
        "2026-02-03T12:00:00+24:00",
        "2026-02-03T12:00:00+23:60",
        "2026-02-03T12:00:60Z",
        "2026-02-03T24:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-02-03T12:00:00,5Z",
        "2026-02-03T12:00:00.Z",
        "2026-02-03T12:00:00Z\n",
        "٢٠٢٦-02-03T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_a_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write RFC 3339|there is no such"):
        parse_timestamp(text)


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_timestamps_go_there_and_back(moment: datetime) -> None:
    try:
        text = format_timestamp(moment)
    except ValueError:
        assert moment.year in (1, 9999)
        return
    assert parse_timestamp(text) == moment.astimezone(UTC)  # an hour said twice equals none in another zone


def test_a_timestamp_is_written() -> None:
    athens = timezone(timedelta(hours=2))
    assert format_timestamp(datetime(2026, 2, 3, 12, 0, 0, 120_000, tzinfo=athens)) == "2026-02-03T10:00:00.12Z"
    with pytest.raises(ValueError, match=r"there is no such date"):
        format_timestamp(datetime(1, 1, 1, tzinfo=athens))
    with pytest.raises(ValueError, match=r"without a time zone"):
        format_timestamp(datetime(2026, 2, 3))  # noqa: DTZ001 -- that is the point


digits = st.text("0123456789", min_size=1, max_size=3)
near = st.builds(
    "{:04d}-{:02d}-{:02d}{}{:02d}:{:02d}:{:02d}{}{}".format,
    st.sampled_from([0, 1, 2, 2024, 9999]),
    st.integers(0, 13),
    st.sampled_from([0, 1, 28, 29, 30, 31, 32]),
    st.sampled_from("Tt _"),
    st.sampled_from([0, 12, 23, 24]),
    st.sampled_from([0, 59, 60]),
    st.sampled_from([0, 59, 60]),
    st.just("") | st.text("0123456789", max_size=12).map(".{}".format),
    st.sampled_from(["Z", "z", "", "+00:00", "-00:00", "+01:30", "-0530", "+24:00", "+23:60", "+1:00", "+01", "Z "]),
)


@given(near)
def test_msgspec_reads_the_same_timestamps(text: str) -> None:
    """The fast decoder relies on it; a moment that UTC cannot say is left to us."""
    try:
        ours: datetime | None = parse_timestamp(text)
    except ValueError:
        ours = None
    try:
        theirs: datetime | None = AWARE.decode(f'"{text}"')
        theirs = None if theirs is None or theirs.tzinfo is None else theirs.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        theirs = None
    if theirs is not None:
        assert ours == theirs
    elif ours is not None:
        # They round the last fraction of a year out of the calendar before they look at the offset; we after.
        assert ours.year in (1, 9999)
