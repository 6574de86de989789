"""CSV files: a header line and rows. Read into the same nodes as YAML, a list of maps, so that every cell has its place."""

import csv
from functools import partial

from engine.rulebook.diagnostics import Place, Report, nearest, shown
from engine.rulebook.nodes import Map, Node, Scalar, Sequence
from engine.rulebook.shapes import Leaf, Part, Table
from engine.rulebook.yaml_text import encodable

LARGEST = 8 * 1024 * 1024  # signs of a file of reference data


def read_csv(path: str, text: str, report: Report) -> Node | None:
    """The rows of a text, or None where a diagnostic says why there are none. Empty lines are passed over."""
    if len(text) > LARGEST:
        report.add("too-large", Place(path), f"the file has more than {LARGEST} signs", "divide it")
        return None
    if not encodable(path, text, report):
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = [_cells(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        report.add("empty-file", Place(path), "the file says nothing", "write it or remove it")
        return None
    header, *others = rows
    columns = _header(header, report)
    if not others:
        report.add("empty-file", header[0].place, "there is no row below the header", "write it or remove the file")
    items = []
    for row in others:
        if len(row) != len(header):
            message = f"{len(row)} cells stand under {len(header)} columns"
            report.add("csv-row", row[0].place, message, "quote a cell that has a comma")
            continue
        entries = zip(header, row, strict=True)
        items.append(Map(tuple((key, cell) for key, cell in entries if key in columns), row[0].place))
    return Sequence(tuple(items), header[0].place)


def table(form: Table, node: Node, report: Report) -> Part | None:
    """The rows in their shape; cells that are empty are left out."""
    if not isinstance(node, Sequence):
        raise AssertionError("a file of rows is read as a list")
    rows = []
    for number, item in enumerate(node.items):
        if isinstance(item, Map):
            if number == 0:
                _columns(form, item, report)
            rows.append({key.text: _cell(form, key, cell) for key, cell in item.entries if _given(cell)})
            for column in form.columns:
                if column.required and column.name not in rows[-1] and item.get(column.name) is not None:
                    report.add("missing-key", item.place, f"this row has no {shown(column.name)}")
    return Part(form, node, tuple(rows))


def _cell(form: Table, key: Scalar, cell: Node) -> Part:
    known = next((column.shape for column in form.columns if column.name == key.text), Leaf("text"))
    return Part(known, cell, getattr(cell, "text", ""))


def _given(cell: Node) -> bool:
    return isinstance(cell, Scalar) and bool(cell.text.strip())


def _columns(form: Table, first: Map, report: Report) -> None:
    names = [column.name for column in form.columns]
    given = [key.text for key, _ in first.entries]
    for column in form.columns:
        if column.required and column.name not in given:
            report.add("missing-key", first.entries[0][0].place, f"the header needs {shown(column.name)}")
    for key, _ in first.entries:
        if key.text not in names and not form.others:
            hint = partial(nearest, key.text, names)
            report.add("unknown-key", key.place, f"{shown(key.text)} is no column of this file", hint)


def _header(header: list[Scalar], report: Report) -> set[Scalar]:
    seen: dict[str, Scalar] = {}
    for column in header:
        if column.text in seen:
            report.add("duplicate-key", column.place, f"the column {shown(column.text)} stands twice")
        elif not column.text:
            report.add("wrong-shape", column.place, "a column needs a name")
        else:
            seen[column.text] = column
    return set(seen.values())


def _cells(path: str, number: int, line: str) -> list[Scalar]:
    """The cells of a line; one with quotes has them all at its beginning, since their places are not kept."""
    if '"' in line:
        cells = next(csv.reader([line]), [])
        return [Scalar(cell.strip(), quoted=True, place=Place(path, number, 1, len(line))) for cell in cells]
    found = []
    at = 1
    for cell in line.split(","):
        text = cell.strip()
        begin = at + len(cell) - len(cell.lstrip())
        found.append(Scalar(text, quoted=False, place=Place(path, number, begin, max(1, len(text)))))
        at += len(cell) + 1
    return found
