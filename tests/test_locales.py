"""What readers see in other languages: the catalogues are whole, and books show them."""

from __future__ import annotations

import re
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sphinx.locale
from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import sphinx_optviz
from sphinx_optviz.figure_words import figure_words
from sphinx_optviz.log import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Catalog
    from conftest import Book, MakeBook

PACKAGE = Path(sphinx_optviz.__file__).parent
LOCALES = PACKAGE / "locales"
LANGUAGES = sorted(path.name for path in LOCALES.iterdir() if path.is_dir())

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?s")


def catalogue_of(language: str) -> Catalog:
    path = LOCALES / language / "LC_MESSAGES" / f"{CATALOG}.po"
    return read_po(BytesIO(path.read_bytes()), locale=language, abort_invalid=True)


def messages_of(catalogue: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def test_there_are_languages() -> None:
    assert LANGUAGES == ["de", "ja"]


def test_template_holds_what_the_sources_say() -> None:
    template = read_po(BytesIO((LOCALES / f"{CATALOG}.pot").read_bytes()), abort_invalid=True)
    extracted = [
        message
        for path in sorted(PACKAGE.rglob("*.py"))
        if "get_translation(CATALOG)" in path.read_text(encoding="utf-8")
        for _, message, _, _ in extract_from_file("python", path)
    ]
    assert extracted
    assert list(messages_of(template)) == list(dict.fromkeys(extracted))


def test_template_is_found_by_every_module_that_translates() -> None:
    # A module with another way to translate would be passed over by the test above.
    texts = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    translating = sorted(name for name, text in texts.items() if "sphinx.locale" in text)
    assert translating == ["cell_shown.py", "description.py", "figure_words.py", "placing.py", "shown.py"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language: str) -> None:
    template = messages_of(read_po(BytesIO((LOCALES / f"{CATALOG}.pot").read_bytes())))
    translated = messages_of(catalogue_of(language))
    assert set(translated) == set(template)
    assert [message for message, text in translated.items() if not text.strip()] == []
    assert not [message for message in catalogue_of(language) if message.fuzzy]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_has_the_placeholders_of_its_message(language: str) -> None:
    for message, text in messages_of(catalogue_of(language)).items():
        assert Counter(PLACEHOLDER.findall(text)) == Counter(PLACEHOLDER.findall(message)), message
        assert PLACEHOLDER.sub("", text).count("%") == 0, message


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_that_of_the_text(language: str) -> None:
    compiled = (LOCALES / language / "LC_MESSAGES" / f"{CATALOG}.mo").read_bytes()
    assert messages_of(read_mo(BytesIO(compiled))) == messages_of(catalogue_of(language))
    again = BytesIO()
    write_mo(again, catalogue_of(language))
    assert messages_of(read_mo(BytesIO(again.getvalue()))) == messages_of(read_mo(BytesIO(compiled)))


# ---- books, mostly as text, for which no figures are drawn


@pytest.fixture(scope="module", autouse=True)
def _long_lines() -> Iterator[None]:
    """No line of a text is broken, which would part Japanese words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sphinx.writers.text.MAXWIDTH", 1_000_000)
        yield


SENTENCES = ["NumPy は実行されていません。", "図はありません", "このコードはページの作成時に実行されていません。"]


@pytest.fixture(scope="module")
def in_japanese(make_shared_book: MakeBook) -> Book:
    """Nothing of it is run."""
    conf = "language = 'ja'\noptviz_execute = 'never'\n"
    return make_shared_book(page=".. optplot:: cubic\n", conf=conf, folder="japanese")


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("builder", ["html", "text", "latex"])
def test_book_in_japanese_shows_japanese_sentences(in_japanese: Book, builder: str) -> None:
    built = in_japanese.build(builder, warnings=True)
    (message,) = built.messages
    assert "there is no stored result" in message.text, "what authors see stays English"
    (name,) = built.files({"html": "index.html", "text": "*.txt", "latex": "*.tex"}[builder])
    text = built.read(name)
    for sentence in SENTENCES:
        assert sentence in re.sub(r"\n\s*", "", text)
    assert "was not run" not in text


@pytest.fixture(scope="module")
def failing(make_shared_book: MakeBook) -> dict[str, str]:
    """Of a book in a language, and then in others, what its page says of code that fails."""
    book = make_shared_book(page=".. optplot:: mine\n", folder="failing")
    book.landscape("mine", "def f(x):\n    raise ValueError('nein')\n")
    steps = {"en": "en", "ja": "ja", "en again": "en", "de": "de", "fi": "fi"}
    return {
        step: book.build("text", warnings=True, language=language).read("index.txt") for step, language in steps.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_line_of_what_failed_is_reported_in_the_language_of_the_book(failing: dict[str, str], language: str) -> None:
    translated = messages_of(catalogue_of(language))
    message = "%(landscape)s failed in %(framework)s, line %(line)s of %(file)s: %(message)s"
    its = {"landscape": "mine", "framework": "NumPy", "line": "2", "file": "numpy.py", "message": "ValueError: nein"}
    assert translated[message] % its in failing[language]
    assert "failed in" not in failing[language]


@pytest.mark.oldest_sphinx
def test_page_follows_when_the_language_of_the_book_changes(failing: dict[str, str]) -> None:
    assert "mine failed in NumPy" in failing["en"]
    assert "失敗しました" in failing["ja"]
    assert "mine failed in NumPy" in failing["en again"]


def test_language_without_a_catalogue_is_english(failing: dict[str, str]) -> None:
    assert "mine failed in NumPy" in failing["fi"]


def test_words_in_figures_are_in_the_language_of_the_book(make_book: MakeBook) -> None:
    book = make_book(page=".. optplot:: cubic\n   :critical-points:\n")
    english, german = book.build(), book.build(language="de")
    assert len(german.files("_images/cubic-*")) == 2, "one of another name"
    assert len(english.drawn) == len(german.drawn) == 1
    assert book.build().drawn == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_in_figures_are_translated(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setattr("sphinx.locale.translators", {})
    assert figure_words() == {}
    sphinx.locale.init([LOCALES], language, CATALOG)
    words = messages_of(catalogue_of(language))
    assert figure_words() == {name: words[name] for name in figure_words()}
    assert len(figure_words()) > 15


def test_sentences_in_japanese_end_as_sentences_there(make_book: MakeBook) -> None:
    plots = (f".. optplot:: {name}\n   :code: hidden\n" for name in ("saddle", "cubic local_minima"))
    book = make_book(page="\n".join(plots), conf="language = 'ja'\n")
    told = book.build("text").read("index.txt")
    assert told.count("[画像: ") == 2, "texts in place of images are among it"
    assert "停留変曲点" in told
    assert "1、y は" in told, "between the variables of a domain"
    assert "固有値" in told
    assert re.findall(r".*\.(?:\W|$)", told) == []
    assert "臨界点" not in (LOCALES / f"ja/LC_MESSAGES/{CATALOG}.po").read_text(encoding="utf-8")
