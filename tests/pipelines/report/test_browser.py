"""The page in a real browser: it renders, filters, stays silent, and runs nothing of the corpus."""

import shutil

import pytest

from mashbill.pipelines.report import render
from tests.pipelines.finished import EVALUATION, RUN, SOURCES, finished
from tests.pipelines.report.eight_classes import eight_classes

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium in PATH (Debian's package chromium; `make browser`)"
)
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


LINES = """one => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return range.getClientRects().length;
}"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=SWITCHES.split())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    out = finished(tmp_path_factory.mktemp("out"))
    path = out / "report.html"
    path.write_text(render(str(out), RUN, EVALUATION), encoding="utf-8")
    return path


@pytest.fixture
def page(browser, path):
    """The page; at the end it must have been silent, and asked for nothing but itself."""
    page = browser.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert said == []
    assert asked == [path.as_uri()]
    page.close()


def shown(page):
    return page.locator("article:visible").count()


def test_everything_is_drawn(page):
    assert page.locator("h2").all_inner_texts()[:3] == [
        "What the data bought", "Models", "Data"
    ]  # fmt: skip
    for chart in page.locator("figure svg").all():
        box = chart.bounding_box()
        assert box["width"] > 100
        assert box["height"] > 40
    assert page.locator("figure svg").count() == 10
    assert shown(page) == SOURCES
    assert page.locator(".filter output").inner_text() == f"{SOURCES} of {SOURCES}"


def test_the_search_takes_what_the_reader_types(page):
    page.get_by_label("Search").fill("GOOD film")
    assert shown(page) == 1
    page.get_by_label("Search").fill("nowhere to be found")
    assert shown(page) == 0
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("document.querySelectorAll('article:not([hidden])').length > 1")
    assert shown(page) == SOURCES


def test_filters_narrow_what_is_shown(page):
    page.get_by_label("Teacher disagrees").check()
    assert page.locator("article:visible [data-augmenter]:visible").count() == 1
    page.get_by_label("Teacher disagrees").uncheck()
    page.get_by_role("combobox", name="Gold label").select_option("bad")
    assert shown(page) == 0
    page.get_by_role("combobox", name="Gold label").select_option(RUN["labels"][1])
    assert shown(page) == SOURCES
    page.get_by_role("combobox", name="Augmenter").select_option(index=1)
    assert page.locator("[data-augmenter]:visible").count() == SOURCES


def test_the_least_similar_comes_first(page):
    page.get_by_label("Order").select_option("similarity")
    assert (
        page.locator("article [data-similarity]").first.get_attribute("data-similarity") == "0.1000"
    )


def test_it_can_be_used_with_the_keyboard(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.get_by_label("Search").focus()
    page.keyboard.type("good film")
    assert shown(page) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_and_paper_differ_in_both_schemes(browser, path, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(path.as_uri())
    style = "getComputedStyle(document.body)"
    ink, paper = (page.evaluate(f"{style}.{name}") for name in ("color", "backgroundColor"))
    light = {side: sum(map(int, colour[4:-1].split(","))) for side, colour in
             (("ink", ink), ("paper", paper))}  # fmt: skip
    assert (light["ink"] < light["paper"]) == (scheme == "light")
    axis = "document.querySelector('figure text')"
    assert page.evaluate(f"getComputedStyle({axis}).fill") == ink
    page.close()


def test_on_a_phone_nothing_overflows_and_what_the_data_bought_is_seen_whole(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.locator("table.gains").bounding_box()
    assert box["x"] + box["width"] <= 390
    region = page.locator(".scroll:has(table.gains)")
    assert region.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_on_paper_there_is_no_form(page):
    page.emulate_media(media="print")
    assert not page.locator(".filter").is_visible()
    assert page.locator("article").first.is_visible()


@pytest.fixture(scope="module")
def of_eight(tmp_path_factory):
    out = tmp_path_factory.mktemp("eight")
    page = out / "report.html"
    page.write_text(render(str(out), *eight_classes(out)), encoding="utf-8")
    return page


def test_eight_classes_are_seen_whole_and_on_a_phone_letters_stay_readable(browser, of_eight):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(of_eight.as_uri())
    scrolling = "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
    assert page.locator(".confusion").count() == 3
    assert page.locator(".scroll:visible").evaluate_all(scrolling) == 0
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    heights = "all => all.map(one => one.getBoundingClientRect().height)"
    assert min(page.locator("figure svg text").evaluate_all(heights)) >= 9
    cell = page.get_by_role("region", name="Models on every set").locator("td").nth(1)
    assert cell.inner_text() == "teacher"
    assert cell.evaluate(LINES) == 1
    page.close()
