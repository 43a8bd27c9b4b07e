"""`planning:` in PLAN.yaml: what is supposed of the people who will answer, and what is asked of figures."""

import re
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from instrument.values import Distinct, Model

_DECIMAL: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
SUM: Final = 1e-6


def _number(value: Any) -> float:
    if isinstance(value, bool) or not _DECIMAL.fullmatch(str(value)):
        raise ValueError('a number is wanted here, in quotes where it has a point: "0.70"')
    return float(value)


def _share(value: Any) -> float:
    found = _number(value)
    if not 0 < found < 1:
        raise ValueError('a number between 0 and 1 is wanted here, as "0.80"')
    return found


Number = Annotated[float, BeforeValidator(_number)]
Share = Annotated[float, BeforeValidator(_share)]
People = Annotated[int, Field(strict=True, ge=20, le=20_000)]
Several = Annotated[int, Field(strict=True, ge=1, le=100)]


class Precision(Model):
    """The widest interval of alpha and of omega that will do."""

    width: Share = 0.10


class Retested(Model):
    """The agreement of two occasions that is supposed, and the widest interval of it that will do."""

    icc: Share = 0.80
    width: Share = 0.20


class Shifted(Model):
    """Items whose answers are harder to give in one of two groups, by so many standard deviations."""

    shift: Number = 0.50
    items: Several = 1


class Apart(Model):
    """Two groups that differ by so many standard deviations of the general factor."""

    d: Number = 0.30


class Planning(Model):
    """What is supposed and what is asked; an aim that is not named is not simulated."""

    sizes: Annotated[Distinct[People], Field(min_length=1, max_length=12)]
    replications: Annotated[int, Field(strict=True, ge=20, le=20_000)] = 200
    loading: Share = 0.65
    general: Share = 0.80
    shares: Annotated[tuple[Share, ...], Field(min_length=2)] = (0.30, 0.28, 0.20, 0.14, 0.08)
    power: Share = 0.80
    precision: Precision | None = None
    retest: Retested | None = None
    fit: bool = Field(default=False, strict=True)
    invariance: Shifted | None = None
    fairness: Shifted | None = None
    groups: Apart | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(sum(self.shares) - 1) > SUM:
            raise ValueError("the shares of the answers must add up to 1")
        return self
