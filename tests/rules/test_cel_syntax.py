"""How a text becomes a tree, where each part of it stands, and what is said of a text that is no expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.cel import grammar, quick
from rules.cel.parsing import MAX_LENGTH, parse
from rules.cel.syntax import (
    RESERVED,
    Apply,
    Constant,
    Entries,
    Items,
    Member,
    Name,
    Subscript,
    Syntax,
)
from rules.cel.syntax_faults import MAX_DEPTH, SyntaxFault


def written(node: Syntax) -> str:
    """The tree as text, every grouping shown."""
    match node:
        case Constant(value=value):
            return repr(value)
        case Name(name=name):
            return name
        case Member(operand=operand, name=name):
            return f"{written(operand)}.{name}"
        case Subscript(operand=operand, index=index):
            return f"{written(operand)}[{written(index)}]"
        case Apply(function=function, target=target, args=args):
            before = "" if target is None else f"{written(target)}."
            return f"{before}{function}({', '.join(map(written, args))})"
        case Items(items=items):
            return f"[{', '.join(map(written, items))}]"
        case Entries(entries=entries):
            return "{" + ", ".join(f"{written(key)}: {written(value)}" for key, value in entries) + "}"


def parts(node: Syntax) -> Iterator[Syntax]:
    """A node and all below it."""
    yield node
    match node:
        case Member(operand=operand):
            yield from parts(operand)
        case Subscript(operand=operand, index=index):
            yield from parts(operand)
            yield from parts(index)
        case Apply(target=target, args=args):
            for part in ([] if target is None else [target]) + list(args):
                yield from parts(part)
        case Items(items=items):
            for part in items:
                yield from parts(part)
        case Entries(entries=entries):
            for pair in entries:
                for part in pair:
                    yield from parts(part)
        case _:
            pass


def refused(text: str) -> SyntaxFault | None:
    """Why a text is no expression, with a place inside it; None when it is one. It raises nothing else."""
    fault = None
    try:
        parse(text)
    except SyntaxFault as raised:
        fault = raised
    assert fault is None or (0 <= fault.start <= fault.end <= len(text) and fault.message)
    return fault


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", "a"),
        (" a // the end", "a"),
        ("// first\na", "a"),
        ("a.b.c", "a.b.c"),
        ("a . b", "a.b"),
        ("a.var", "a.var"),
        ("a.b(1).c", "a.b(1).c"),
        ("f()", "f()"),
        ("f(a, b)", "f(a, b)"),
        ("a[0].b", "a[0].b"),
        ('a["k"]', "a['k']"),
        ("a + b * c", "_+_(a, _*_(b, c))"),
        ("(a + b) * c", "_*_(_+_(a, b), c)"),
        ("a - b - c", "_-_(_-_(a, b), c)"),
        ("a / b % c", "_%_(_/_(a, b), c)"),
        ("a < b", "_<_(a, b)"),
        ("a + 1 <= b - 1", "_<=_(_+_(a, 1), _-_(b, 1))"),
        ("a == b && c != d", "_&&_(_==_(a, b), _!=_(c, d))"),
        ("a && b || c && d", "_||_(_&&_(a, b), _&&_(c, d))"),
        ("!a && b", "_&&_(!_(a), b)"),
        ("!(a && b)", "!_(_&&_(a, b))"),
        ("!!a", "!_(!_(a))"),
        ("-a", "-_(a)"),
        ("a -b", "_-_(a, b)"),
        ("a in b", "@in(a, b)"),
        ("a in b && c", "_&&_(@in(a, b), c)"),
        ("a in[b]", "@in(a, [b])"),
        ("a ? b : c", "_?_:_(a, b, c)"),
        ("a ? b : c ? d : e", "_?_:_(a, b, _?_:_(c, d, e))"),
        ("a || b ? c : d", "_?_:_(_||_(a, b), c, d)"),
        ("[]", "[]"),
        ("[a, 1]", "[a, 1]"),
        ("[a,]", "[a]"),
        ("[,]", "[]"),
        ("{}", "{}"),
        ("{'a': b,}", "{'a': b}"),
        ("f(a,)", "cel-syntax 4-5"),
        ("[a,,]", "cel-syntax 3-4"),
        ("1.", "cel-syntax 2-2"),
        ("1.e3", "1.e3"),
        ("{'a': b, \"c\": 1}", "{'a': b, 'c': 1}"),
        ("has(a.b)", "has(a.b)"),
        ("a.exists(p, p > 1)", "a.exists(p, _>_(p, 1))"),
        ("intent", "intent"),
        ("index in inner", "@in(index, inner)"),
        ("order", "order"),
        ("notional", "notional"),
        ("1", "1"),
        ("007", "7"),
        ("0xff", "255"),
        ("9223372036854775807", "9223372036854775807"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("1e3", "1000.0"),
        ("1.5E-3", "0.0015"),
        ("true", "True"),
        ("null", "None"),
        ("'it''s'", "cel-syntax 4-7"),
        ('"it\'s"', '"it\'s"'),
        (r"'it\'s'", '"it\'s"'),
        (r"'a\tb'", r"'a\tb'"),
        (r"'\x41\u00e9\U0001F600\101'", "'Aé😀A'"),
        (r"'\X41\377'", "'Aÿ'"),
        (r"r'\d+'", r"'\\d+'"),
        ("'''a'b'''", '"a\'b"'),
        ("", "cel-empty 0-0"),
        ("  ", "cel-empty 0-2"),
        ("a +", "cel-syntax 3-3"),
        ("(a", "cel-syntax 0-1"),
        ("f(a, [b)", "cel-syntax 7-8"),
        ("f((a)", "cel-syntax 1-2"),
        ("a)", "cel-syntax 1-2"),
        ("a b", "cel-syntax 2-3"),
        ("a = b", "cel-syntax 2-3"),
        ("a and b", "cel-syntax 2-5"),
        ("a or b", "cel-syntax 2-4"),
        ("not a", "cel-syntax 0-5"),
        ("not intent.a", "cel-syntax 0-12"),
        ("a intent", "cel-syntax 2-8"),
        ("1in [a]", "@in(1, [a])"),
        ("a in2", "cel-syntax 2-5"),
        ("a & b", "cel-syntax 2-3"),
        ("a | b", "cel-syntax 2-3"),
        ("a ? b", "cel-syntax 5-5"),
        ("a ?: b", "cel-syntax 3-4"),
        ("'a", "cel-syntax 0-1"),
        ('a == "', "cel-syntax 5-6"),
        ("“a”", "cel-syntax 0-1"),
        ("a\u00a0+ b", "cel-syntax 1-2"),
        ("10,000.0", "cel-syntax 0-8"),
        ("50%", "cel-syntax 0-3"),
        ("$a", "cel-syntax 0-1"),
        ("a.1", "cel-syntax 2-3"),
        ("a..b", "cel-syntax 2-3"),
        ("1u", "cel-unsupported 0-2"),
        ("b'a'", "cel-unsupported 0-4"),
        (".a", "cel-unsupported 0-2"),
        ("A{}", "cel-unsupported 0-3"),
        ("A{b: 1}", "cel-unsupported 0-7"),
        ("9223372036854775808", "cel-number 0-19"),
        ("1e999", "cel-number 0-5"),
        (r"'\d'", "cel-escape 1-3"),
        (r"'a\ud800'", "cel-escape 2-8"),
        (r"'\U00110000'", "cel-escape 1-11"),
    ],
)
def test_a_text_as_a_tree(text: str, tree: str) -> None:
    try:
        found = written(parse(text))
    except SyntaxFault as fault:
        found = f"{fault.code} {fault.start}-{fault.end}"
    assert found == tree


@pytest.mark.parametrize("word", sorted(RESERVED - {"true", "false", "null", "in"}))
def test_reserved_words_are_refused_as_names(word: str) -> None:
    for text in (word, f"{word}.a", f"f({word})", f"a.exists({word}, true)"):
        with pytest.raises(SyntaxFault) as caught:
            parse(text)
        assert caught.value.code == "cel-reserved-word"
        assert text[caught.value.start : caught.value.end] == word
    assert written(parse(f"a.{word}")) == f"a.{word}"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("a = b", "`==`"),
        ("a AND b", "`&&`"),
        ("a <> b", "`!=`"),
        ("not intent", "`!intent`"),
        ("(a + b", "`)` where it ends"),
        ("10,000", "`10000`"),
        ("f(1,, 2)", ""),
        ("a == \u2018b\u2019", "straight quotes, `'`"),
        ("a ≤ b", "`<=`"),
        ("a == 'b", "end it with `'`"),
        ("a > 50%", "`0.5`"),
    ],
)  # fmt: skip
def test_what_is_to_be_written_instead(text: str, remedy: str) -> None:
    with pytest.raises(SyntaxFault) as caught:
        parse(text)
    assert caught.value.remedy == remedy


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH, None),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), "cel-too-deep"),
        ("[" * 5000, "cel-too-deep"),
        ("!" * 5000 + "a", "cel-too-deep"),
        ("- " * 4000 + "a", "cel-too-deep"),
        ("a" + ".a" * 4000, "cel-too-deep"),
        (" + ".join(["a"] * 90), None),
        (" + ".join(["a"] * 2000), "cel-too-deep"),
        ("a ? a : " * 1000 + "a", "cel-too-deep"),
        ("a" * MAX_LENGTH, None),
        ("a" * (MAX_LENGTH + 1), "cel-too-long"),
    ],
)
def test_size_and_depth_are_bounded(text: str, code: str | None) -> None:
    fault = refused(text)
    assert (None if fault is None else fault.code) == code


# Generated expressions: where each part stands.

_gaps = st.sampled_from(["", " ", "  ", "\n", " // why\n "])
_names = st.sampled_from(["a", "b", "intent", "inner", "order", "notes", "x1", "_y"])
_literals = st.sampled_from(
    ["1", "0x1F", "1.5", "1e3", '"t"', "'it\\'s'", 'r"\\d"', '"é😀"', "true", "null", '"// no"']
)


def _joined(*pieces: str | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The pieces with gaps between them."""
    strategies = [st.just(piece) if isinstance(piece, str) else piece for piece in pieces]
    spaced = [part for strategy in strategies for part in (strategy, _gaps)][:-1]
    return st.tuples(*spaced).map("".join)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = _joined("(", inner, ")")
    simple = st.one_of(_names, grouped)
    operators = st.sampled_from(["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "&&", "||"])
    words = st.sampled_from([" in "])
    return st.one_of(
        grouped,
        _joined(grouped, operators, grouped),
        _joined(inner, operators, inner),
        st.tuples(grouped, words, grouped).map("".join),
        _joined("!", simple),
        _joined("-", simple),
        _joined(grouped, "?", inner, ":", inner),
        st.tuples(simple, st.just("."), _names).map("".join),
        _joined(simple, "[", inner, "]"),
        _joined(_names, "(", inner, ",", inner, ")"),
        st.tuples(simple, st.just("."), _names, st.just("()")).map("".join),
        _joined(st.tuples(simple, st.just(".exists(")).map("".join), _names, ",", inner, ")"),
        _joined("[", inner, ",", inner, "]"),
        _joined("{", '"k"', ":", inner, "}"),
    )


texts = st.recursive(st.one_of(_names, _literals), _larger, max_leaves=8)


def _parsed(text: str) -> Syntax | None:
    fault = refused(text)
    assert fault is None or fault.code in ("cel-too-deep", "cel-syntax"), text  # `a ? b ? c : d : e` is no CEL
    return parse(text) if fault is None else None


@given(texts)
def test_every_part_stands_where_it_says(text: str) -> None:
    tree = _parsed(text)
    if tree is None:
        return
    for part in parts(tree):
        assert 0 <= part.start < part.end <= len(text)
        own = text[part.start : part.end]
        assert own == own.strip()
        assert written(parse(own)) == written(part)
        for below in parts(part):
            assert part.start <= below.start
            assert below.end <= part.end


def places(part: Syntax, text: str) -> tuple[int, ...]:
    """Where a part begins and ends, and where a method is named."""
    name = part.start
    if isinstance(part, Apply) and part.target is not None:
        name = text.find(part.function, part.target.end)
    return (part.start, name, part.end - 1)


@given(texts)
def test_every_line_of_an_expression_has_a_part(text: str) -> None:
    tree = _parsed(text)
    if tree is None:
        return
    covered = {text.count("\n", 0, at) for part in parts(tree) for at in places(part, text)}
    for number, line in enumerate(text.split("\n")):
        code = re.sub(r"//[^\n\"]*$|\bin\b", "", line)
        if re.search(r"\w", code):
            assert number in covered, (number, text)


_tokens = st.sampled_from(
    [*"()[]{}.,:?!-+*/%<>=&|'\"\\ \n", "&&", "||", "==", "in", "not", "a", "1", "1.5", "r'", "'''", "//", "null"]
)


_sloppy = st.one_of(st.text(max_size=40), st.lists(_tokens, max_size=25).map("".join))


@st.composite
def _nearly(draw: st.DrawFn) -> str:
    """An expression in which a word or a sign was lost, put in, or put in the place of another."""
    pieces = re.findall(r"\w+|\s+|.", draw(texts))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(pieces)))
        pieces[at : at + draw(st.integers(0, 1))] = [draw(_tokens)]
    return "".join(pieces)


@settings(max_examples=400)
@given(st.one_of(texts, _nearly(), _sloppy))
def test_what_is_read_quickly_is_what_the_grammar_reads(text: str) -> None:
    read = quick.read(text)
    assert read is None or repr(read) == repr(grammar.read(text))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("has(a.b) && a.b[c] - 1 > -2.5 ? r'\\d' : 'it\\'s' // why", True),
        ("[a, {'k': f(!b, - 1)},] == [] || x in y.z() % 0x1F", True),
        ("'''a'''", False),
        (".5", False),
        ("true_north", False),
        ("a.if", True),
        ("if.a", False),
        ("1.size()", False),
        ("r'a''b'", False),
        ("a inb", False),
        ("'a\\q'", False),
        ("9223372036854775808", False),
        ("A{b: 1}", False),
        ("(" * 40 + "a" + ")" * 40, True),
        ("-" * 97 + "a", False),
        ("a ? a : " * 97 + "a", False),
        ("a" + ".a" * 97, False),
        (" " * 200 + "\v", False),
    ],
)
def test_what_is_read_quickly(text: str, plain: bool) -> None:
    assert (quick.read(text) is not None) == plain


@given(_sloppy)
def test_no_text_makes_the_parser_raise_anything_else(text: str) -> None:
    refused(text)
