"""What is asked and how it is scored: questionnaires as data, one loader, one scoring code."""

from instrument.answers import AnswerProblem, allowed, read_answers
from instrument.catalog import PPIQ, InstrumentError, load, ppiq
from instrument.codebook import BLOCK_ORDER, Column, codebook
from instrument.codes import (
    DO_NOT_KNOW,
    DOES_NOT_APPLY,
    LEFT_BLANK,
    MISSING_LABELS,
    RATHER_NOT_SAY,
    WITHHELD,
)
from instrument.lock import digests
from instrument.model import (
    ContextQuestion,
    Form,
    Instrument,
    Item,
    Key,
    KeyedItem,
    Scale,
    Subscale,
    laid_out,
    page,
    pages,
)
from instrument.named_items import ALL_ITEMS, named_items
from instrument.nodes import Problem
from instrument.orders import orders
from instrument.scoring import METHODS, Score, keyed, rescaled, score
from instrument.words import NOT_SAID, Action, Advice, Claims, Words

__all__ = [
    "ALL_ITEMS",
    "BLOCK_ORDER",
    "DOES_NOT_APPLY",
    "DO_NOT_KNOW",
    "LEFT_BLANK",
    "METHODS",
    "MISSING_LABELS",
    "NOT_SAID",
    "PPIQ",
    "RATHER_NOT_SAY",
    "WITHHELD",
    "Action",
    "Advice",
    "AnswerProblem",
    "Claims",
    "Column",
    "ContextQuestion",
    "Form",
    "Instrument",
    "InstrumentError",
    "Item",
    "Key",
    "KeyedItem",
    "Problem",
    "Scale",
    "Score",
    "Subscale",
    "Words",
    "allowed",
    "codebook",
    "digests",
    "keyed",
    "laid_out",
    "load",
    "named_items",
    "orders",
    "page",
    "pages",
    "ppiq",
    "read_answers",
    "rescaled",
    "score",
]
