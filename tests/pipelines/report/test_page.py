import json
import re
from html.parser import HTMLParser

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.report import render, write_report
from tests.pipelines.finished import EVALUATION, HOSTILE, RUN, finished

VOID = {"meta", "br", "input"}


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
    return render(str(finished(tmp_path_factory.mktemp("out"))), RUN, EVALUATION)


def test_the_page_shows_sources_and_needs_nothing_from_outside(page):
    elements = Elements(page)
    assert elements.tags.count("article") == 31
    assert all(link.startswith("#") and link[1:] in elements.ids for link in elements.links)
    assert len(elements.ids) == len(set(elements.ids))


def test_differences_are_marked(page):
    assert Elements(page).texts["ins"][-31:] == ["!"] * 31


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("language", "lang"), [("zh", "zh"), ("any", "")])
def test_texts_say_their_language_so_that_a_browser_chooses_its_characters(
    tmp_path, language, lang
):
    run = RUN | {"recipe": RUN["recipe"] | {"language": language}}
    page = render(str(finished(tmp_path)), run, EVALUATION)
    assert set(re.findall(r'class="text" lang="(.*?)"', page)) == {lang}


def test_what_the_augmenter_did_is_shown_in_figures(page):
    section = page.split('<h2 id="augmenters">')[1].split("</section>")[0]
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", section.split("<tbody>")[1])
    # 40 of 62 kept their label, though of the 31 that the filter has left 30 do
    assert cells[1:5] == ["62", "62", "62", "64.5 % (52.1–75.3)"]
    assert cells[6] == "31"


def test_whatever_corpus_labels_paths_and_recipe_say_stays_text(page):
    elements = Elements(page)
    assert elements.tags.count("script") == 1  # the page's own
    assert elements.texts["h1"] == [HOSTILE]
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


@pytest.mark.usefixtures("undrawn")
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


@pytest.mark.usefixtures("undrawn")
def test_without_an_evaluation_there_are_no_models(tmp_path):
    page = render(str(finished(tmp_path)), RUN)
    assert '<h2 id="models">' not in page
    assert "#models" not in page
    assert "mashbill run RECIPE" in page.split('<h2 id="bought">')[1].split("</section>")[0]


@pytest.mark.usefixtures("undrawn")
def test_the_first_section_says_what_the_data_bought_or_how_to_find_out(page, tmp_path):
    first = re.search(r"<section.*?</section>", page, re.DOTALL)[0]
    assert "10 of 12 rows of the test split" in first
    assert "<strong>+5.0 points</strong><br><small>+1.0 to +12.0: better" in first
    without = {**EVALUATION, "bought": {**EVALUATION["bought"], "under": []}}
    section = re.search(
        r"<section.*?</section>", render(str(finished(tmp_path)), RUN, without), re.DOTALL
    )[0]
    assert "mashbill distill RECIPE --baseline kd-real" in section


def test_likeness_and_correctors_have_their_tables(page):
    section = page.split('<h2 id="models">')[1].split("</section>")[0]
    assert "<td>-3.6 points (-5.0 to -2.0)</td>" in section
    assert "<td>0.99 to 1</td><td>6</td>" in section
    assert "<td>-1.0 points (-2.0 to +0.0)</td><td>0.25</td>" in section


def test_an_evaluation_that_is_no_json_is_named(tmp_path):
    out = finished(tmp_path)
    (out / "evaluation.json").write_text("{")
    with pytest.raises(MashbillError, match=r"evaluation\.json: not JSON"):
        write_report(str(out))


@pytest.mark.usefixtures("undrawn")
def test_an_evaluation_by_another_version_is_left_out_and_said(tmp_path, capsys):
    out = finished(tmp_path)
    (out / "evaluation.json").write_text(json.dumps({**EVALUATION, "version": 4}))
    write_report(str(out))
    assert "mashbill evaluate makes it again" in capsys.readouterr().err
    assert "Not measured yet" in (out / "report.html").read_text()
