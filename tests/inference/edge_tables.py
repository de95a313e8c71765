"""Rows (tp, fp, fn, tn) of the edges that every appraisal has to answer for."""

from __future__ import annotations

ONE = [(18, 2, 3, 40)]
TWO = [(18, 2, 3, 40), (30, 6, 9, 52)]
THREE = [(18, 2, 3, 40), (30, 6, 9, 52), (25, 9, 4, 70)]
SENSITIVITY_ONLY = [
    (18, None, 3, None),
    (30, None, 9, None),
    (25, None, 4, None),
    (40, None, 22, None),
]
ALL_PERFECT = [(18, 0, 0, 30), (25, 0, 0, 44), (9, 0, 0, 21)]
PERFECT_SPECIFICITY = [(18, 0, 2, 30), (25, 0, 5, 44), (9, 0, 1, 21), (40, 0, 8, 60)]
PARTIAL = [
    (45, 7, 5, 60),
    (30, 4, 9, 52),
    (88, 30, 6, 140),
    (15, 1, 4, 22),
    (70, 16, 22, 81),
    (33, None, 5, None),
    (None, 6, None, 210),
]
IDENTICAL = [(40, 10, 10, 90)] * 5

EDGES = {
    "one": ONE,
    "two": TWO,
    "three": THREE,
    "sensitivity only": SENSITIVITY_ONLY,
    "all perfect": ALL_PERFECT,
    "perfect specificity": PERFECT_SPECIFICITY,
    "partial": PARTIAL,
    "identical": IDENTICAL,
}
