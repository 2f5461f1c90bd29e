"""The one table that the benchmarks of the screen print: reference, ours, ratio, budget, verdict."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        what: what was measured.
        unit: its unit.
        reference: the bare reference in the same run, if there is one.
        ours: our value.
        ratio: budget as a multiple of the reference, or
        limit: budget as an upper bound, or
        least: budget as a lower bound.
    """

    what: str
    unit: str
    reference: float | None
    ours: float
    ratio: float | None = None
    limit: float | None = None
    least: float | None = None

    @property
    def within(self) -> bool:
        """Whether the budget is met."""
        if self.ratio is not None and self.reference is not None:
            return self.ours <= self.ratio * self.reference
        if self.least is not None:
            return self.ours >= self.least
        return self.limit is None or self.ours <= self.limit

    @property
    def budget(self) -> str:
        """The budget in words."""
        if self.ratio is not None:
            return f"{self.ratio:g} x"
        if self.least is not None:
            return f">= {self.least:g}"
        return f"<= {self.limit:g}" if self.limit is not None else "-"


def print_table(title: str, reference: str, rows: Sequence[Row]) -> None:
    """Print the table, and whether every budget is met."""
    print(f"{title}  (reference: {reference})\n")
    head = f"{'what':<46} {'unit':<8} {'reference':>10} {'ours':>10} {'ratio':>7} {'budget':>9}  verdict"
    print(head)
    print("-" * len(head))
    for row in rows:
        bare = f"{row.reference:10.3g}" if row.reference is not None else f"{'-':>10}"
        ratio = f"{row.ours / row.reference:7.2f}" if row.reference else f"{'-':>7}"
        verdict = "within budget" if row.within else "OVER BUDGET"
        print(f"{row.what:<46} {row.unit:<8} {bare} {row.ours:10.4g} {ratio} {row.budget:>9}  {verdict}")
    print("\nwithin budget" if all(row.within for row in rows) else "\nOVER BUDGET")
