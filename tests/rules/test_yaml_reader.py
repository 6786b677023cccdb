"""The YAML reader: what it reads, where it says things stand, and that nothing makes it raise."""

import re
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rules.diagnostics import render
from rules.yaml_nodes import Mapping, Node, Scalar, Sequence, at, plain
from rules.yaml_reader import MAX_BYTES, Document, read_yaml
from rules.yaml_scalars import INT64_MAX, INT64_MIN
from rules.yaml_traps import CODES


def read(text: str) -> Document:
    return read_yaml("a.yaml", text.encode())


def value(text: str) -> object:
    document = read(text)
    assert not document.diagnostics, render(document.diagnostics[0])
    assert document.root is not None
    return plain(document.root)


def scalar(text: str, *path: str | int) -> Scalar:
    document = read(text)
    assert document.root is not None
    node = at(document.root, path)
    assert isinstance(node, Scalar)
    return node


def codes(document: Document) -> list[str]:
    return [diagnostic.code for diagnostic in document.diagnostics]


def scalars(node: Node | None) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Sequence():
            for item in node.items:
                yield from scalars(item)
        case Mapping():
            for key, entry in node:
                yield key
                yield from scalars(entry)
        case None:
            return


# Values are those of the YAML 1.2 core schema.


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        *((word, None) for word in ("", "~", "null", "Null", "NULL")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, word) for word in ("nULL", "tRUE", "on", "off", "yes", "No", "y", "n")),
        *((word, word) for word in ("12:30", "2026-01-01", "1_000", "=", "1.2.3", "1e", "0b1")),
        *((word, word) for word in ("+", ".", "-0x1F", "0o8", "0xG", "1e+", "Inf", "٣")),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("0777", 777),
        ("0o17", 15),
        ("0xfF", 255),
        (str(INT64_MAX), INT64_MAX),
        (str(INT64_MIN), INT64_MIN),
        ("0" * 5000 + "7", 7),
        ("1e9", 1e9),
        ("-1.5E-3", -0.0015),
        (".5", 0.5),
        ("5.", 5.0),
        ("0.0e7", 0.0),
        ("'5'", "5"),
        ('"true"', "true"),
        ("'<<'", "<<"),
    ],
)
def test_a_scalar_means_what_it_looks_like(written: str, expected: object) -> None:
    found = value(f"a: {written}")
    assert found == {"a": expected}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(expected)


def test_a_key_is_its_text() -> None:
    assert value("on: 1\n1.0: 2\ntrue: 3\n'null': 4\n'<<': 5\n.inf: 6\nstate?: 7") == {
        "on": 1, "1.0": 2, "true": 3, "null": 4, "<<": 5, ".inf": 6, "state?": 7,
    }  # fmt: skip


def test_the_text_of_a_number_is_kept() -> None:
    assert scalar("a: 1e9", "a").text == "1e9"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a: 1, b: [x, {c: d}], 'e?': {}}", {"a": 1, "b": ["x", {"c": "d"}], "e?": {}}),
        ("a: {title: it's (almost) there, b: x:y}", {"a": {"title": "it's (almost) there", "b": "x:y"}}),
        ("a: x ? y\nb: c # a comment", {"a": "x ? y", "b": "c"}),
        ("a: {? b : c, d: }", {"a": {"b": "c", "d": None}}),
        ("a: [b: c]", {"a": [{"b": "c"}]}),
        ("a: &x {b: c}\nd: [*x, *x]", {"a": {"b": "c"}, "d": [{"b": "c"}] * 2}),
        ("a: &x\n  b: c\nd: &y\n- e\nf: &z\ng: *y", {"a": {"b": "c"}, "d": ["e"], "f": None, "g": ["e"]}),
        ("a: when x,\n  then y\nb: '[1] (2'", {"a": "when x, then y", "b": "[1] (2"}),
        ("a: traders' choice # they say", {"a": "traders' choice"}),
        ("a: >1\n  b\nc: >-\n\nd: |\n", {"a": " b\n", "c": "", "d": ""}),
        ('a: "\\/\\x41\\u00e9\\U0001F600"', {"a": "/Aé😀"}),
        ("--- \na: b\n...\n", {"a": "b"}),
    ],
)  # fmt: skip
def test_ordinary_yaml_is_read_without_complaint(text: str, expected: object) -> None:
    assert value(text) == expected


def test_an_alias_is_the_node_of_its_anchor() -> None:
    root = read("a: &x [1]\nb: *x").root
    assert isinstance(root, Mapping)
    assert root.get("a") is root.get("b")


# Places.


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("a: &x 'b c' # d", ("a",), "'b c'"),
        ("a:\n  - {b: [1, 2] } # c\n\nd: e", ("a",), "- {b: [1, 2] }"),
        ("a:\n  - {b: [1, 2] } # c\n\nd: e", ("a", 0), "{b: [1, 2] }"),
        ("a:\n  - {b: [1, 2] } # c\n\nd: e", ("a", 0, "b"), "[1, 2]"),
        ("a: |\n  x\n\n\nb: 1", ("a",), "|\n  x"),
        ("x: &x 1\na: &y # why\n  b: *x\nc: d", ("a",), "b: *x"),
        ("x: &x 1\na: {b: *x }\nc: d", ("a",), "{b: *x }"),
        ("a:\nb: 1", ("a",), ""),
    ],
)
def test_a_span_covers_what_was_written(text: str, path: tuple[str | int, ...], expected: str) -> None:
    root = read(text).root
    assert root is not None
    assert at(root, path).span.text == expected


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_count_code_points_and_no_byte_order_mark(mark: str) -> None:
    document = read(mark + "😀: é\r\n'𐍈': b\r\n")
    assert isinstance(document.root, Mapping)
    key = document.root.key("𐍈")
    assert key is not None
    assert str(key.span) == "a.yaml:2:1"
    assert str(document.root.entries[0][1].span) == "a.yaml:1:4"


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        ("a: 'it''s x'", 4, (1, 10)),
        ('a: "\\u0041\\n\\\\ x"', 2, (1, 13)),
        ('a: "b\\\n   c"', 1, (2, 4)),
        ("a: b\n\n  c", 2, (3, 3)),
        ("a: |\n\n  b\n    c", 5, (4, 5)),
        ("a: >-\n  b\n  c\n\n  d", 4, (5, 3)),
        ("a: |2\n    b", 2, (2, 5)),
    ],
)
def test_an_index_of_the_text_leads_to_its_place(text: str, index: int, expected: tuple[int, int]) -> None:
    found = scalar(text, "a")
    assert found.span.source.position(found.offset_at(index)) == expected


# Bytes, sizes and limits.


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        (b"\xff\xfea\x00", "yaml-encoding", "1:1"),
        (b"\xfe\xff\x00a", "yaml-encoding", "1:1"),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", "yaml-encoding", "1:1"),
        (b"\x00\x00\xfe\xff\x00\x00\x00a", "yaml-encoding", "1:1"),
        ("a: é\nb: é".encode() + b"\xe9: c", "yaml-encoding", "2:5"),
        (b"\xef\xbb\xbfa: \xff", "yaml-encoding", "1:4"),
        (b"a: \x00b", "yaml-control-character", "1:4"),
        (b"a: b\x07", "yaml-control-character", "1:5"),
        (b"a: b\rc: d", "yaml-control-character", "1:5"),
        ("a: b # \u2028c: d".encode(), "yaml-control-character", "1:8"),
        ("a: '\u202eb'".encode(), "yaml-control-character", "1:5"),
        ("a: b\ufeff".encode(), "yaml-control-character", "1:5"),
        (b"a:\n\tb: c", "yaml-tab", "2:1"),
        (b"a:\n  b:\tc", "yaml-tab", "2:5"),
        (b"a: b\t# c", "yaml-tab", "1:5"),
        (b"", "yaml-empty", "1:1"),
        (b" \n\n", "yaml-empty", "1:1"),
        (b"#" * (MAX_BYTES + 1), "yaml-too-large", "1:1"),
        (b"- a\n" * 50_000, "yaml-too-large", "50000:3"),
    ],
)
def test_bytes_that_are_no_policy_text(raw: bytes, code: str, place: str) -> None:
    document = read_yaml("a.yaml", raw)
    assert document.root is None
    (diagnostic,) = document.diagnostics
    assert (diagnostic.code, f"{diagnostic.span.line}:{diagnostic.span.column}") == (code, place)


def test_the_largest_file_is_read() -> None:
    assert read_yaml("a.yaml", b"a: " + b"b" * (MAX_BYTES - 3)).diagnostics == ()
    assert read("\n".join(["- a"] * 49_999)).diagnostics == ()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_depth_is_limited(opening: str, closing: str) -> None:
    assert codes(read(opening * 49 + "x" + closing * 49)) == []
    assert codes(read(opening * 50 + "x" + closing * 50)) == ["yaml-depth"]
    assert codes(read(opening * 100_000)) == ["yaml-depth"]
    assert "yaml-depth" in codes(read("? " * 100_000))


def test_depth_counts_what_aliases_repeat() -> None:
    lists = "[" * 24, "]" * 24
    text = "- &a {0}x{1}\n- &b {0}*a{1}\n- {0}*b{1}\n".format(*lists)
    assert codes(read(text)) == ["yaml-depth"]


def test_aliases_may_not_explode() -> None:
    rows = [f"- &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    text = "\n".join(["- &a0 [x]", *rows])
    assert codes(read(text)) == ["yaml-alias-explosion"]
    assert codes(read("\n".join(text.splitlines()[:5]))) == []


# Whatever the bytes, and wherever the characters.

PIECES = [
    "a", "b: ", "c:", "- ", "\n", "\n  ", "\n    ", " ", "{", "}", "[", "]", ",", "'", "''", '"',
    "|\n", "|+2\n", ">-\n", ">", "#", " #", "&x ", "*x", "!", "!!str ", "? ", ": ", "\t", "\\n",
    "\\u0041", "\\\n", "%", "---\n", "...\n", "0x1f", "1e9", "<<", "😀", "\r\n", "(", ")", "é", "\\",
]  # fmt: skip
LIKE_YAML = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)
PYYAML_WORDS = re.compile(r"Token|Error|while (scanning|parsing)|but found|<(block|stream|document)")


def check_sound(document: Document) -> None:
    """What holds of every document, however broken."""
    assert document.root is not None or document.diagnostics
    for diagnostic in document.diagnostics:
        assert diagnostic.code in CODES
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(document.source.text) + 1
        said = f"{diagnostic.message} | {diagnostic.expected}"
        assert not said.endswith(".")
        assert not PYYAML_WORDS.search(re.sub(r"`[^`]*`", "", said))
    for each in scalars(document.root):
        assert len(each.offsets) == len(each.text) + 1
        assert list(each.offsets) == sorted(each.offsets)
        assert each.span.start <= each.offsets[0] <= each.offsets[-1]


@given(st.binary(max_size=60))
def test_no_bytes_raise(raw: bytes) -> None:
    check_sound(read_yaml("a.yaml", raw))


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    check_sound(read_yaml("a.yaml", text.encode("utf-8", errors="surrogatepass")))


@given(LIKE_YAML)
def test_every_text_is_the_one_pyyaml_reads(text: str) -> None:
    document = read(text)
    check_sound(document)
    if document.root is not None and not document.diagnostics and "*x" not in text:
        events = yaml.parse(text, yaml.SafeLoader)
        texts = [event.value for event in events if isinstance(event, yaml.ScalarEvent)]
        assert [each.text for each in scalars(document.root)] == texts


LINES = st.text("ab :#'\"\\{}[],?!&é😀", min_size=1).map(lambda line: "x" + line.strip() + "x")
WORDS = st.text("abé😀(=", min_size=1, max_size=5)


def check_offsets(written: str, text: str, escaped: str = "") -> None:
    """The text is read back, and each of its characters stands where it is said to stand."""
    node = scalar(written, "a")
    assert node.text == text
    source = node.span.source.text
    for char, offset in zip(node.text, node.offsets, strict=False):
        if char not in escaped:
            assert source[offset] == char
    assert list(node.offsets) == sorted(set(node.offsets))


@given(LINES)
def test_offsets_in_single_quotes(text: str) -> None:
    check_offsets("a: '" + text.replace("'", "''") + "'", text)


@given(LINES, st.data())
def test_offsets_in_double_quotes(text: str, data: st.DataObject) -> None:
    written = ""
    escaped = '\\"'
    for char in text:
        forms = ["\\" + char] if char in '\\"' else [char, f"\\U{ord(char):08x}"]
        if char == " " and written.endswith("\n    "):  # a line does not start with spaces
            forms = forms[1:]
        written += data.draw(st.sampled_from(forms))
        escaped += char if written.endswith(f"\\U{ord(char):08x}") else ""
        written += data.draw(st.sampled_from(["", "\\\n    "]))
    check_offsets(f'a: "{written}"', text, escaped)


@given(st.lists(WORDS, min_size=1), st.sampled_from(["", "'", '"']), st.sampled_from(["\n", "\r\n"]))
def test_offsets_over_folded_lines(words: list[str], quote: str, line_break: str) -> None:
    written = f"{line_break}  ".join(words)
    check_offsets(f"a: {quote}{written}{quote}", " ".join(words), escaped=" ")


@given(
    st.lists(LINES | st.just(""), min_size=1).map(lambda lines: [*lines, "end"]),
    st.integers(1, 8),
    st.booleans(),
    st.sampled_from(["-", "", "+"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_offsets_in_literal_text(lines: list[str], indent: int, explicit: bool, chomping: str, line_break: str) -> None:
    header = f"a: |{indent if explicit else ''}{chomping}"
    written = [header, *(" " * indent + line if line else "" for line in lines), "", "b: 1"]
    tail = {"-": "", "": "\n", "+": "\n\n"}[chomping]
    check_offsets(line_break.join(written), "\n".join(lines) + tail)


@given(st.lists(st.lists(WORDS, min_size=1), min_size=1), st.sampled_from([">", ">-", ">1"]))
def test_offsets_in_folded_text(paragraphs: list[list[str]], header: str) -> None:
    indented = "\n\n".join("\n".join(" " + word for word in words) for words in paragraphs)
    text = "\n".join(" ".join(words) for words in paragraphs)
    check_offsets(f"a: {header}\n{indented}\n", text + ("" if header == ">-" else "\n"), escaped=" ")
