"""The regular expressions that a module runs, and whether a regular expression can be slow.

Patterns are found by the calls that compile them: functions of `re`, and `msgspec.Meta` with a `pattern`,
which searches.
"""

import ast
import importlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]  # the parser has no public name
from typing import Any, Final, NamedTuple

ANCHORED: Final = frozenset({"match", "fullmatch"})
FUNCTIONS: Final = ANCHORED | {"compile", "search", "split", "sub", "subn", "findall", "finditer"}
HARMLESS: Final = frozenset({"escape", "IGNORECASE", "DOTALL", "MULTILINE", "Match", "Pattern"})
FEW: Final = 256
"""A repeat of at most this many times is not counted as a loop over a text."""
_CHARACTERS: Final = tuple(chr(code) for code in (*range(256), 0x660, 0x2028, 0x3000, 0x212A, 0x1F600))
"""The characters of every byte, and some further digits, spaces and letters."""
_BEGINNINGS: Final = frozenset({_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING})


class Found(NamedTuple):
    """A pattern and the methods that run it.

    `name` is the name that the pattern is assigned to, or the name of the function or field that contains it.
    """

    module: str
    name: str
    pattern: re.Pattern[str] | re.Pattern[bytes]
    methods: frozenset[str]

    @property
    def key(self) -> str:
        return f"{self.module}:{self.name}"


def patterns_of(root: Path, file: Path) -> Iterator[Found]:
    """Yield every pattern of a module in a package below `root`. Fails if a module hides a use of `re`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    module = ".".join(file.relative_to(root).with_suffix("").parts)
    places = list(_places(tree))
    if not places:
        return
    namespace = vars(importlib.import_module(module))
    methods = _methods(tree)
    counted: Counter[str] = Counter()
    for place in places:
        counted[place.name] += 1
        name = place.name if counted[place.name] == 1 else f"{place.name}#{counted[place.name]}"
        pattern, *flags = [_value(node, namespace) for node in place.arguments]
        used = frozenset({place.function}) if place.function != "compile" else frozenset(methods[place.name])
        assert used, f"{module}:{name} is compiled and not run in its own module"
        yield Found(module, name, re.compile(pattern, *flags), used)


class _Place(NamedTuple):
    name: str
    function: str
    arguments: list[ast.expr]


def _places(tree: ast.Module) -> Iterator[_Place]:
    for node, owner in _with_owners(tree, ""):
        if isinstance(node, ast.ImportFrom):
            assert node.module != "re", "functions of re are called by their full names"
        if isinstance(node, ast.Import):
            assert not [alias for alias in node.names if alias.name == "re" and alias.asname], (
                "re keeps its name"
            )
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "re":
            assert node.attr in FUNCTIONS | HARMLESS, f"re.{node.attr} is not known here"
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if ast.unparse(function) in {f"re.{name}" for name in FUNCTIONS}:
            name = ast.unparse(function).removeprefix("re.")
            yield _Place(owner, name, [node.args[0], *(node.args[1:] if name == "compile" else [])])
        for keyword in node.keywords:
            if keyword.arg == "pattern" and ast.unparse(function).rpartition(".")[2] == "Meta":
                yield _Place(owner, "search", [keyword.value])


def _with_owners(node: ast.AST, owner: str) -> Iterator[tuple[ast.AST, str]]:
    """Yield every node below, with the dotted name of the assignment, class or function around it."""
    for child in ast.iter_child_nodes(node):
        inner = owner
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{owner}.{child.name}".lstrip(".")
        elif isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            inner = f"{owner}.{child.target.id}".lstrip(".")
        elif isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Name):
            inner = f"{owner}.{child.targets[0].id}".lstrip(".")
        yield child, inner
        yield from _with_owners(child, inner)


def _methods(tree: ast.Module) -> dict[str, set[str]]:
    """Return the methods that the module calls on each name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in FUNCTIONS:
            found[node.value.id].add(node.attr)
    return found


def _value(node: ast.expr, namespace: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the module says
    """Return the value that an expression of a module has in that module."""
    return eval(compile(ast.Expression(node), "<pattern>", "eval"), namespace)  # noqa: S307 - our own code


def why_slow(found: Found) -> str | None:
    """Return why a pattern's time may grow faster than its text, or None if it cannot.

    Three forms are slow. A loop within a loop is slow. A loop is slow if the part after it may begin with
    a character that the loop takes, since the pattern then tries every end of the loop. A loop in a search
    is slow, since the search begins anew at every character.
    """
    tree = _parser.parse(found.pattern.pattern, found.pattern.flags & ~re.UNICODE)
    searches = not found.methods <= ANCHORED and not _begins_a_text(tree, found.pattern.flags)
    return next(_reasons(list(tree), (), searches=searches, flags=found.pattern.flags), None)


def _begins_a_text(tree: Sequence[Any], flags: int) -> bool:
    return (
        bool(tree) and tree[0][0] is _constants.AT and tree[0][1] in _BEGINNINGS and not flags & re.MULTILINE
    )


def _reasons(items: Sequence[Any], after: Sequence[Any], *, searches: bool, flags: int) -> Iterator[str]:
    """Yield the reasons why `items` are slow if the items `after` follow them."""
    for place, (operator, argument) in enumerate(items):
        rest = [*items[place + 1 :], *after]
        if operator in _REPEATS:
            yield from _of_repeat(operator, argument, rest, searches=searches, flags=flags)
        for inner in _inner(operator, argument):
            yield from _reasons(inner, rest, searches=searches, flags=flags)


def _of_repeat(
    operator: object, argument: tuple[int, int, Any], rest: Sequence[Any], *, searches: bool, flags: int
) -> Iterator[str]:
    least, most, body = argument
    if least != most and most > 1 and any(_varies(*item) for item in body):
        yield "a repeat within a repeat takes a text in many ways"
    if most <= FEW:
        return
    if searches:
        yield "a search begins anew at every character, each time with a loop"
    if len(body) != 1 or _inner(*body[0]):
        yield "a loop has more than a character in it"
    elif operator is not _constants.POSSESSIVE_REPEAT:
        both = _taken(body, flags) & _first(rest, flags)
        if both:
            yield f"a loop takes {min(both)!r}, with which its next part may begin"


def _varies(operator: object, argument: Any) -> bool:  # noqa: ANN401 - of the parser
    """Return whether an item has a repeat of a variable number of times that may be more than once."""
    if operator is _constants.POSSESSIVE_REPEAT:
        return False
    if operator in _REPEATS and argument[0] != argument[1] and argument[1] > 1:
        return True
    return any(_varies(*item) for inner in _inner(operator, argument) for item in inner)


_REPEATS: Final = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)


def _inner(operator: object, argument: Any) -> list[list[Any]]:  # noqa: ANN401 - of the parser
    """Return the sequences that an item consists of."""
    if operator in _REPEATS:
        return [list(argument[2])]
    if operator is _constants.SUBPATTERN:
        return [list(argument[3])]
    if operator is _constants.ATOMIC_GROUP:
        return [list(argument)]
    if operator is _constants.BRANCH:
        return [list(branch) for branch in argument[1]]
    known = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN, _constants.AT)
    assert operator in known, f"{operator} is not known here"
    return []


def _first(items: Sequence[Any], flags: int) -> frozenset[str]:
    """Return the characters with which a matching text may begin."""
    found: frozenset[str] = frozenset()
    for operator, argument in items:
        inner = _inner(operator, argument)
        if inner:
            found |= frozenset().union(*(_first(sequence, flags) for sequence in inner))
        elif operator is not _constants.AT:
            found |= _taken([(operator, argument)], flags)
        if not _may_be_empty(operator, argument):
            break
    return found


def _may_be_empty(operator: object, argument: Any) -> bool:  # noqa: ANN401 - of the parser
    if operator is _constants.AT or (operator in _REPEATS and argument[0] == 0):
        return True
    inner = _inner(operator, argument)
    return any(all(_may_be_empty(*item) for item in sequence) for sequence in inner)


def _taken(items: Sequence[Any], flags: int) -> frozenset[str]:
    """Return the characters that an item for a single character matches."""
    state = _parser.State()
    state.flags = flags
    state.str = ""
    compiled = _compiler.compile(_parser.SubPattern(state, list(items)), flags)
    return frozenset(character for character in _CHARACTERS if compiled.fullmatch(character))
