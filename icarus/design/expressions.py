"""Expressions: arithmetic and comparisons of parameters, evaluated and never executed.

``simpleeval`` walks the syntax tree. What it may meet there is checked before, and numbers and
texts are kept small, so that time and memory are bounded whatever the text is: nothing takes
longer than some milliseconds. A value is what Python's ``eval`` gives, or there is none.
"""

from __future__ import annotations

import ast
import math
import operator
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simpleeval import SimpleEval

from icarus.errors import suggestion
from icarus.plaintext import one_line

__all__ = ["FUNCTIONS", "Expression", "ExpressionError"]

_LONGEST = 10_000
"""Characters of an expression."""
_DEEPEST = 60
_MOST_BITS = 4096
"""Of an integer; a double has 1024 before its point."""
_LONGEST_TEXT = 10_000
_MOST_DIGITS = 100
_SCALARS = frozenset({bool, int, float, str, type(None)})


class ExpressionError(ValueError):
    """An expression that cannot be, or that has no value; the message says why."""


def _multiplied(a: Any, b: Any) -> Any:
    for text, times in ((a, b), (b, a)):
        if isinstance(text, str) and isinstance(times, int) and len(text) * times > _LONGEST_TEXT:
            raise ExpressionError(f"a text of more than {_LONGEST_TEXT:,} characters")
    if isinstance(a, int) and isinstance(b, int):
        _check_bits(a.bit_length() + b.bit_length())
    return a * b


def _added(a: Any, b: Any) -> Any:
    if isinstance(a, str) and isinstance(b, str) and len(a) + len(b) > _LONGEST_TEXT:
        raise ExpressionError(f"a text of more than {_LONGEST_TEXT:,} characters")
    return a + b


def _raised(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and b > 0:
        _check_bits(a.bit_length() * b)
    value = a**b
    if isinstance(value, complex):
        raise ExpressionError("a negative number to a power that is not whole is not real")
    return value


def _remainder(a: Any, b: Any) -> Any:
    # With a text on its left it is formatting, to any width.
    if isinstance(a, str):
        raise ExpressionError("% takes numbers")
    return a % b


def _rounded(number: Any, ndigits: int | None = None) -> Any:
    if ndigits is not None and not -_MOST_DIGITS <= ndigits <= _MOST_DIGITS:
        raise ExpressionError(f"round takes at most {_MOST_DIGITS} digits")
    return round(number, ndigits)


def _check_bits(bits: int) -> None:
    if bits > _MOST_BITS:
        raise ExpressionError(f"a whole number of more than {_MOST_BITS} bits")


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _added,
    ast.Sub: operator.sub,
    ast.Mult: _multiplied,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _remainder,
    ast.Pow: _raised,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": _rounded,
    "sqrt": math.sqrt,
}
"""What expressions may call."""

_NODES = (
    *(ast.Expression, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Call),
    *(ast.Constant, ast.Name, ast.Load, ast.And, ast.Or, ast.Tuple, ast.List),
    *_OPERATORS,
)
_REFUSED = {
    ast.Attribute: "attributes",
    ast.Subscript: "subscripts",
    ast.Lambda: "lambda",
    ast.JoinedStr: "f-strings",
    ast.NamedExpr: "assignments",
    ast.Starred: "* before an argument",
    ast.GeneratorExp: "comprehensions",
    ast.ListComp: "comprehensions",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.Dict: "dicts",
    ast.Set: "sets",
}


class _Evaluator(SimpleEval):  # type: ignore[misc]
    """Only our operators, functions and names; lists only as what ``in`` looks through."""

    def __init__(self) -> None:
        super().__init__(operators=_OPERATORS, functions=FUNCTIONS, names={})
        self.nodes[ast.Tuple] = self.nodes[ast.List] = self._eval_items

    def _eval(self, node: ast.AST) -> Any:
        # What simpleeval looks for in every value, modules and functions, is in none of ours.
        return self.nodes[type(node)](node)

    def _eval_items(self, node: ast.Tuple | ast.List) -> tuple[Any, ...]:
        return tuple(self._eval(item) for item in node.elts)

    def _eval_name(self, node: ast.Name) -> Any:
        try:
            value = self.names[node.id]
        except KeyError:
            raise ExpressionError(f"{node.id} has no value here") from None
        if type(value) not in _SCALARS:
            kind = type(value).__name__
            raise ExpressionError(
                f"{node.id} is a {kind}; expressions take numbers, texts and booleans"
            )
        return value


class Expression:
    """An expression of parameters.

    Parameters
    ----------
    text : str
        In Python's notation: numbers, texts, ``True``, ``False`` and ``None``, names, arithmetic
        ``+ - * / // % **``, comparisons, ``and or not``, ``a if b else c``, ``x in (1, 2)`` and
        calls of `FUNCTIONS`.

    Attributes
    ----------
    text : str
    names : tuple of str
        The names in it, in the order of their first use.

    Raises
    ------
    ExpressionError
        If it is anything else.

    Examples
    --------
    >>> expression = Expression("10 * n_contents if alpha < 1 else 0")
    >>> expression.names
    ('n_contents', 'alpha')
    >>> expression.evaluate({"n_contents": 1000, "alpha": 0.8})
    10000
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree = _parsed(text)
        self.names = _checked(self._tree)
        self._evaluator = _Evaluator()
        self._lock = threading.Lock()

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return the value of the expression.

        Parameters
        ----------
        values : mapping
            Numbers, texts, booleans or None by name. It is asked only for names that the value
            depends on: ``a if b else c`` needs either ``a`` or ``c``.

        Raises
        ------
        ExpressionError
            If a name has no value or Python raises an exception, such as for a division by 0.
        """
        with self._lock:
            self._evaluator.names = values
            try:
                value = self._evaluator._eval(self._tree.body)
            except ExpressionError:
                raise
            except Exception as error:
                raise ExpressionError(one_line(error, 200) or type(error).__name__) from error
            finally:
                self._evaluator.names = {}
        return value

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Expression, (self.text,)


def _parsed(text: str) -> ast.Expression:
    if not isinstance(text, str):
        raise ExpressionError(f"should be a text, found {one_line(repr(text), 60)}")
    if len(text) > _LONGEST:
        raise ExpressionError(f"{len(text):,} characters; the most are {_LONGEST:,}")
    try:
        with warnings.catch_warnings():
            # Such as for "1 if x else" before a number; what is meant is checked here.
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ExpressionError(
            f"not an expression: {one_line(error.msg, 60)}, in {_shown(text)}"
        ) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"not an expression that can be read: {_shown(text)}") from None


def _shown(text: str) -> str:
    return one_line(text, 80) or "an empty text"


def _checked(tree: ast.Expression) -> tuple[str, ...]:
    """Return the names of an expression; ExpressionError if there is more in it than may be."""
    names: list[ast.Name] = []
    level: list[ast.AST] = [tree]
    for _ in range(_DEEPEST):
        names += [node for node in level if isinstance(node, ast.Name)]
        level = [below for node in level for below in _parts(node)]
        if not level:
            names.sort(key=lambda name: (name.lineno, name.col_offset))
            return tuple(dict.fromkeys(name.id for name in names))
    raise ExpressionError(f"nested more than {_DEEPEST} deep")


def _parts(node: ast.AST) -> Iterable[ast.AST]:
    """Return what is under a node and is to be looked at; ExpressionError for what may not be."""
    if not isinstance(node, _NODES):
        what = _REFUSED.get(type(node), type(node).__name__)
        raise ExpressionError(f"{what} cannot be used in expressions")
    if isinstance(node, ast.Constant) and type(node.value) not in _SCALARS:
        raise ExpressionError(f"{type(node.value).__name__} cannot be used in expressions")
    if isinstance(node, ast.Call):
        return _arguments(node)
    if isinstance(node, ast.Compare):
        return [node.left, *node.ops, *_compared(node)]
    if isinstance(node, ast.Tuple | ast.List):
        raise ExpressionError("lists can be used only after 'in'")
    return list(ast.iter_child_nodes(node))


def _compared(node: ast.Compare) -> Iterable[ast.AST]:
    for operation, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(operation, ast.In | ast.NotIn) and isinstance(right, ast.Tuple | ast.List):
            # What a tuple is compared with next, as in "x in (1, 2) == y", would be this tuple.
            if len(node.ops) > 1:
                raise ExpressionError("'in' with a list takes no further comparison")
            yield from right.elts
        else:
            yield right


def _arguments(node: ast.Call) -> list[ast.AST]:
    if not isinstance(node.func, ast.Name):
        raise ExpressionError("only functions can be called")
    name = node.func.id
    if name not in FUNCTIONS:
        raise ExpressionError(f"unknown function {name!r}; {suggestion(name, FUNCTIONS)}")
    if node.keywords:
        raise ExpressionError(f"{name} takes no arguments by name")
    return list(node.args)
