"""The first stage: which files there are, and each as a tree of nodes."""

from dataclasses import replace

from engine.rulebook.book import Book, Document
from engine.rulebook.diagnostics import Place, Report
from engine.rulebook.language import FILES, kind_of_file
from engine.rulebook.later import tell_later
from engine.rulebook.shapes import Table
from engine.rulebook.tables import read_csv
from engine.rulebook.yaml_text import read_yaml

TEST_SUFFIX = ".test.yaml"
PROGRAMME = "programme.yaml"


def load(book: Book, report: Report) -> Book:
    """Reads every file that the language knows; says of every other what it is."""
    documents = []
    if PROGRAMME not in book.sources:
        report.add("programme-missing", Place(PROGRAMME), f"there is no {PROGRAMME}", "every folder of rules has one")
    for path, text in sorted(book.sources.items()):
        kind = kind_of_file(path)
        if path.endswith(TEST_SUFFIX):
            continue  # `guerdon rules test` reads them
        if kind is None:
            _no_kind(path, report)
        else:
            read = read_csv if isinstance(kind.shape, Table) else read_yaml
            root = read(path, text, report)
            tell_later("", kind.pattern, Place(path), report)
            if root is not None:
                documents.append(Document(path, kind, root))
    return replace(book, documents=tuple(documents))


def _no_kind(path: str, report: Report) -> None:
    known = f"files of rules are {', '.join(kind.pattern for kind in FILES)}"
    hint = "end its name in .yaml" if path.endswith(".yml") else known
    report.add("unknown-file", Place(path), "no rules are kept in a file of this name", hint)
