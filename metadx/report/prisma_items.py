"""The items of PRISMA-DTA: number, section and topic in our own words.

The statement keeps 27 items: it leaves out numbers 15 and 22 of PRISMA and adds D1 and D2
(McInnes et al. 2018, JAMA, doi:10.1001/jama.2017.19163). The wording of the statement is what
counts for a journal; the topics here only say which item is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REFERENCE: Final = "mcinnes2018"


@dataclass(frozen=True, slots=True)
class PrismaItem:
    """One item of the checklist.

    Attributes
    ----------
    number : str
        As in the statement, ``"D1"`` among them.
    section : str
        Part of the paper.
    topic : str
        What the item is about, in our own words.
    """

    number: str
    section: str
    topic: str


ITEMS: Final = tuple(
    PrismaItem(*item)
    for item in (
        ("1", "Title", "The title says that it is a review or meta-analysis of test accuracy"),
        ("2", "Abstract", "Abstract by PRISMA-DTA for abstracts"),
        ("3", "Introduction", "Why the review was done"),
        ("D1", "Introduction", "What the index test is for, its place in care, accuracy needed"),
        ("4", "Introduction", "The question: people, index test, target condition"),
        ("5", "Methods", "Protocol and registration"),
        ("6", "Methods", "Which studies could be included"),
        ("7", "Methods", "Where was searched, and when last"),
        ("8", "Methods", "The search, so that it can be repeated"),
        ("9", "Methods", "How studies were selected"),
        ("10", "Methods", "How data were extracted"),
        ("11", "Methods", "Definitions of what was extracted"),
        ("12", "Methods", "How risk of bias and applicability were assessed"),
        ("13", "Methods", "Accuracy measures and unit of analysis"),
        ("14", "Methods", "How data were handled and combined"),
        ("D2", "Methods", "Statistical methods of the meta-analysis"),
        ("16", "Methods", "Further analyses, and whether they were planned"),
        ("17", "Results", "Studies screened, included and pooled, with reasons"),
        ("18", "Results", "Characteristics and citation of each study"),
        ("19", "Results", "Risk of bias and applicability of each study"),
        ("20", "Results", "Result of each study: 2x2 table, accuracy and interval"),
        ("21", "Results", "Accuracy of the tests, with variability and intervals"),
        ("23", "Results", "Results of further analyses"),
        ("24", "Discussion", "Main findings and the strength of evidence"),
        ("25", "Discussion", "Limitations of the studies and of the review"),
        ("26", "Discussion", "What the findings mean for practice and research"),
        ("27", "Other", "Funding and the role of funders"),
    )
)
