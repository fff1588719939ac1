"""Order statistics of repeated measurements. Medians, because a shared machine has outliers only
on one side, and p10..p90 to say how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field


def quantile(values: list[float], q: float) -> float:
    """The value at fraction `q` of the sorted list, between neighbours by proportion."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    position = q * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


@dataclass
class Series:
    """What one program gave for one row: the values of all rounds, and why some are missing."""

    values: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def median(self) -> float | None:
        """The middle of the values, None without any."""
        return quantile(self.values, 0.5) if self.values else None

    @property
    def p10(self) -> float | None:
        """Nine of ten values are above."""
        return quantile(self.values, 0.1) if self.values else None

    @property
    def p90(self) -> float | None:
        """Nine of ten values are below."""
        return quantile(self.values, 0.9) if self.values else None

    @property
    def spread(self) -> float | None:
        """How far p10 or p90 is from the median, as a fraction of the median."""
        if not self.values or not self.median:
            return None
        return max(self.p90 - self.median, self.median - self.p10) / abs(self.median)

    def note(self, text: str) -> None:
        """Keeps a remark once, however many rounds make it."""
        if text not in self.notes:
            self.notes.append(text)

    def as_json(self) -> dict:
        """For --json: the figures of the table and what they were made from."""
        return {"median": self.median, "p10": self.p10, "p90": self.p90,
                "rounds": len(self.values), "values": self.values, "notes": self.notes}


class Results:
    """All series of a run, by row and program."""

    def __init__(self) -> None:
        self._series: dict[str, dict[str, Series]] = {}

    def series(self, row: str, program: str) -> Series:
        """The series of a cell, made when first asked for."""
        return self._series.setdefault(row, {}).setdefault(program, Series())

    def add(self, row: str, program: str, value: float) -> None:
        """Adds the value of one round."""
        self.series(row, program).values.append(value)

    def note(self, row: str, program: str, text: str) -> None:
        """Adds a remark to a cell."""
        self.series(row, program).note(text)

    def median(self, row: str, program: str) -> float | None:
        """The median of a cell, None when it was not measured."""
        cell = self._series.get(row, {}).get(program)
        return cell.median if cell else None

    def row(self, row: str) -> dict[str, Series]:
        """Program → series of one row."""
        return self._series.get(row, {})

    def rows(self) -> list[str]:
        """The rows that have at least one cell."""
        return list(self._series)
