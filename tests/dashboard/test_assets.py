"""Translations are compiled without GNU gettext."""

import gettext
import os

import pytest

from dashboard.assets import compile_messages

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "node"
msgstr "节点"

#, fuzzy
msgid "pod"
msgstr "豆荚"
"""


@pytest.fixture
def source(tmp_path, settings):
    settings.LOCALE_PATHS = [tmp_path]
    source = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(PO, encoding="utf-8")
    return source


def test_it_works(source):
    target = source.with_suffix(".mo")
    assert compile_messages() == [target]
    with target.open("rb") as stream:
        catalog = gettext.GNUTranslations(stream)
    assert catalog.gettext("node") == "节点"


def test_a_fuzzy_entry_is_left_out(source):
    compile_messages()
    with source.with_suffix(".mo").open("rb") as stream:
        assert gettext.GNUTranslations(stream).gettext("pod") == "pod"


def test_only_a_changed_file_is_compiled_again(source):
    compile_messages()
    assert compile_messages() == []
    later = source.with_suffix(".mo").stat().st_mtime + 5
    os.utime(source, (later, later))
    assert compile_messages() == [source.with_suffix(".mo")]
