"""Both languages are complete, and a visitor can choose."""

import re
import subprocess
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
PO = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+(?=[,}])")
TRANSLATE = re.compile(r"""\{%-?\s*translate\s+(?:"([^"]*)"|'([^']*)')""")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with PO.open("rb") as stream:
        return read_po(stream, locale="zh_Hans", abort_invalid=True)


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def test_it_works(catalog):
    assert len(catalog) > 200
    untranslated = [message.id for message in catalog if message.id and not all(forms(message.string))]
    assert untranslated == []


def test_nothing_is_fuzzy_or_obsolete(catalog):
    assert [message.id for message in catalog if message.id and message.fuzzy] == []
    assert not catalog.obsolete
    assert "#~" not in PO.read_text(encoding="utf-8")


def test_same_places(catalog):
    for message in catalog:
        if message.id:
            english = set(PLACES.findall(forms(message.id)[-1]))
            for chinese in forms(message.string):
                assert set(PLACES.findall(chinese)) == english, message.id


def test_all_texts_of_templates_are_in_the_catalog(catalog):
    missing = [
        f"{path.name}: {double or single}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for double, single in TRANSLATE.findall(path.read_text(encoding="utf-8"))
        if catalog.get(double or single) is None
    ]
    assert missing == []


def test_all_texts_of_python_are_in_the_catalog(catalog):
    keywords = {"gettext": None, "gettext_lazy": None, "gettext_noop": None, "_": None}
    missing = []
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        with path.open("rb") as stream:
            for _, _, text, _ in extract_python(stream, keywords, [], {}):
                if isinstance(text, str) and catalog.get(text) is None:
                    missing.append(f"{path.name}: {text}")
    assert missing == []


def test_no_plain_words_in_templates():
    """Words outside of tags that no translation marks; names of kinds and commands stay as they are."""
    kept = {"clusterscope", "YAML", "Services", "Events", "Pods", "Pod", "Ready", "NotReady", "IP", "kubelet", "Namespace",
            "ClusterIP", "describe", "English", "简体中文", "None", "kubectl", "QoS", "restartPolicy", "pause", "PID", "CPU"}
    for folder in ("site", "sandbox", "panels", "pod", "scheduler", "rollout"):
        for path in sorted((ROOT / "templates" / folder).glob("*.html")):
            text = path.read_text(encoding="utf-8")
            text = re.sub(r"\{% block body_attributes %\}.*", "", text)
            text = re.sub(r"\{% blocktranslate.*?endblocktranslate %\}|\{[%{#].*?[%}#]\}", " ", text, flags=re.DOTALL)
            words = {word.strip() for word in re.split(r"<[^>]*>", text)}
            plain = {word for word in words if re.search(r"[A-Za-z]{2}", word)} - kept - {"app"}
            assert {word for word in plain if not re.fullmatch(r"[·\s]*clusterscope[·\s]*|Ctrl|Enter", word)} == set(), path.name


@pytest.mark.parametrize(("accept", "lang"), [
    ("en-US", "en"), ("zh-CN,zh;q=0.9", "zh-Hans"), ("zh-hans", "zh-Hans"), ("fr", "en"), ("", "en"), ("x" * 600, "en"),
])
def test_the_browser_language(client, accept, lang):
    page = client.get("/help/", headers={"accept-language": accept})
    assert f'<html lang="{lang}">' in page.content.decode()


def test_a_visitor_chooses(client):
    answer = client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/help/"})
    assert answer.url == "/help/"
    text = client.get("/help/").content.decode()
    assert '<html lang="zh-Hans">' in text
    assert "简化之处" in text
    assert "What is simplified" not in text


def test_no_other_site_is_next(client):
    assert client.post("/i18n/setlang/", {"language": "en", "next": "https://evil.example/"}).url == "/"


def test_unknown_languages_change_nothing(client):
    client.post("/i18n/setlang/", {"language": "tlh", "next": "/help/"})
    assert '<html lang="en">' in client.get("/help/").content.decode()


def test_no_compiled_catalogue_is_committed():
    listed = subprocess.run(["git", "ls-files", "*.mo"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout == ""
