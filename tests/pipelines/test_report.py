import re
from html.parser import HTMLParser

import pytest

from pipelines.report import difference, render, soft_label, write_report
from tests.pipelines.finished import HOSTILE, RUN, finished

VOID = {"meta", "br"}


class Elements(HTMLParser):
    """Tags, links, ids and the texts of <ins>, <del> and <h1>; fails on tags that do not nest."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.links, self.ids, self.open = [], [], [], []
        self.texts = {"ins": [], "del": [], "h1": []}
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in self.texts:
            self.texts[self.open[-1]].append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return render(str(finished(tmp_path_factory.mktemp("out"))), RUN)


def test_the_page_shows_twenty_sources_and_needs_nothing_from_outside(page):
    elements = Elements(page)
    assert elements.tags.count("article") == 20
    assert all(link.startswith("#") and link[1:] in elements.ids for link in elements.links)
    assert len(elements.ids) == len(set(elements.ids))


def test_differences_are_marked(page):
    assert Elements(page).texts["ins"][-20:] == ["!"] * 20


def test_what_the_augmenter_did_is_shown_in_figures(page):
    section = page.split('<h2 id="augmenters">')[1].split("</section>")[0]
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", section.split("<tbody>")[1])
    # all 31 variants have the gold label that the teacher gives them and their sources
    assert cells[1:4] == ["31", "100.0 %", "100.0 %"]


def test_whatever_corpus_labels_paths_and_recipe_say_stays_text(page):
    elements = Elements(page)
    assert "script" not in elements.tags
    assert elements.texts["h1"] == [HOSTILE]
    assert "&lt;script&gt;" in page


def test_counts_of_a_stage_that_is_not_known_are_shown(tmp_path):
    out = finished(tmp_path)
    counts = {**RUN["counts"], "distil": {"student": {"rows_of_some_kind": 4321}}}
    page = render(str(out), {**RUN, "counts": counts})
    assert "rows_of_some_kind" in page
    assert "4321" in page


def test_the_same_run_gives_the_same_page(tmp_path):
    out = finished(tmp_path)
    write_report(str(out))
    first = (out / "report.html").read_bytes()
    write_report(str(out))
    assert (out / "report.html").read_bytes() == first


def test_differences_put_together_are_both_texts():
    source, variant = "it's a good film.", "it's  a fine, film."
    pieces = difference(source, variant)
    assert "".join(text for kind, text in pieces if kind != "ins") == source
    assert "".join(text for kind, text in pieces if kind != "del") == variant
    assert ("del", "good") in pieces


def test_soft_labels_are_probabilities():
    assert soft_label([1000.0, 1000.0], ["a", "b"]) == [("a", 0.5), ("b", 0.5)]


def test_of_many_labels_the_likeliest_are_shown():
    shown = soft_label([0.0, 5.0, 1.0, 2.0, 3.0, 4.0], list("abcdef"))
    assert [label for label, _ in shown] == ["b", "f", "e", "d"]
