"""Series of hourly returns for the correlation oracle: a pool with known correlations, none closer to 0.8 than 1e-7."""

from __future__ import annotations

import math
from functools import cache
from random import Random

POINTS = 100
AROUND_CAP = (0.8 - 1e-6, 0.8 + 1e-6, -0.8 - 1e-6, -0.8 + 1e-6, 0.99, -0.99, 0.5, 0.0)
LENGTHS = (0, 1, 19, 20, 21, 99, 101, 150)

Series = list[float]


@cache
def correlated() -> tuple[Series, ...]:
    """A base series, then one for each correlation around the cap, and both directions of the base itself."""
    rng = Random("series:base")  # noqa: S311 - made-up inputs need a seed, not secrecy
    base = _unit([rng.gauss(0.0, 1.0) for _ in range(POINTS)])
    others = [_mixed(rng, base, r) for r in AROUND_CAP]
    exact = [list(base), [-x for x in base], [2.0 * x + 0.5 for x in base]]
    return tuple([_scaled(one) for one in (base, *others)] + [_scaled(one) for one in exact])


@cache
def odd() -> tuple[Series, ...]:
    """Constant series, series of every length near a limit, and one that follows the base only at its end."""
    rng = Random("series:odd")  # noqa: S311
    base = correlated()[0]
    constant = [[0.1] * POINTS, [0.0] * POINTS, [0.01] * 20, [0.02] * 99 + [0.03]]
    lengths = [[rng.gauss(0.0, 0.01) for _ in range(length)] for length in LENGTHS]
    late = [rng.gauss(0.0, 0.01) for _ in range(300)] + list(base)
    early = list(base) + [rng.gauss(0.0, 0.01) for _ in range(300)]
    ends = [base[-length:] for length in (19, 20, 21)]
    return (*constant, *lengths, late, early, *ends)


@cache
def independent() -> tuple[Series, ...]:
    """Series that have nothing to do with each other."""
    rng = Random("series:independent")  # noqa: S311
    return tuple([rng.gauss(0.0, 0.01) for _ in range(POINTS)] for _ in range(16))


def draw_all(rng: Random, count: int, *, calm: bool) -> list[Series | None]:
    """A series, or none, for each of `count` entries; calm ones block nothing while there are enough of them."""
    if calm:
        quiet = rng.sample(independent(), len(independent()))
        return [quiet[at % len(quiet)] for at in range(count)]
    return [_draw(rng) for _ in range(count)]


def _draw(rng: Random) -> Series | None:
    chance = rng.random()
    if chance < 0.3:
        return rng.choice(independent())
    if chance < 0.35:
        return None
    return rng.choice(correlated()) if chance < 0.75 else rng.choice(odd())


def _mixed(rng: Random, base: Series, r: float) -> Series:
    """A unit series whose correlation with the unit base is `r`."""
    noise = _unit([rng.gauss(0.0, 1.0) for _ in base])
    along = math.fsum(x * y for x, y in zip(noise, base, strict=True))
    across = _unit([x - along * y for x, y in zip(noise, base, strict=True)])
    return [r * y + math.sqrt(1 - r * r) * x for x, y in zip(across, base, strict=True)]


def _unit(values: Series) -> Series:
    mean = math.fsum(values) / len(values)
    centred = [value - mean for value in values]
    length = math.sqrt(math.fsum(value * value for value in centred))
    return [value / length for value in centred]


def _scaled(values: Series) -> Series:
    return [0.05 * value for value in values]
