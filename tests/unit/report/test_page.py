"""The page in a browser: it works, says what the files say, and names are text."""

import re
import shutil

import numpy as np
import pytest
from made_up_page import HOSTILE, made_up_runs, write_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here to show the page to")
WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium():
    api = pytest.importorskip("playwright.sync_api", reason="no playwright to drive a browser with")
    with api.sync_playwright() as playwright:
        # As root, as in a container, Chromium's own sandbox cannot start.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, tmp_path, make_networks):
    """Return a function: runs, and how to show them -> the page, which must not complain."""
    said, contexts = [], []

    def opened(runs=None, viewport=WIDE, **how):
        path = write_page(tmp_path, make_networks(), runs or made_up_runs())
        contexts.append(chromium.new_context(viewport=viewport, offline=True, **how))
        contexts[-1].set_default_timeout(5000)
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith("http") and said.append(asked.url))
        page.goto(path.as_uri())
        page.wait_for_selector(".panel.small canvas")
        return page

    yield opened
    assert said == []
    for context in contexts:
        context.close()


def first_cells(table) -> list[str]:
    return [cell.strip() for cell in table.locator("tbody tr > :first-child").all_inner_texts()]


def test_tables_are_sorted_by_click_and_by_key_and_numbers_as_numbers(open_page):
    page = open_page()
    table = page.locator("main table", has_text="test acc").first
    sort = table.get_by_role("button", name="test acc")
    sort.click()
    assert first_cells(table) == ["vgg", "csp", "exp3"]
    sort.press("Enter")
    assert first_cells(table) == ["exp3", "csp", "vgg"]
    assert table.locator("th[aria-sort=ascending]").all_inner_texts() == ["test acc"]
    sort.click()
    assert first_cells(table) == ["exp3", "vgg", "csp"]  # as it was
    assert table.locator("th[aria-sort]").count() == 0
    table.get_by_role("button", name="p", exact=True).press("Space")
    assert first_cells(table) == ["csp", "exp3", "vgg"]  # what says nothing is last
    table.get_by_role("button", name="parameters").click()
    assert first_cells(table) == ["csp", "exp3", "vgg"]
    table.get_by_role("button", name="note").click()
    assert first_cells(table) == ["csp", "exp3", "vgg"]


def test_the_toolbox_hides_a_network_everywhere(open_page):
    page = open_page()
    page.locator("#toolbox").get_by_role("button", name="csp").click()
    assert page.locator("main table tr", has_text="csp").first.is_hidden()
    assert page.locator("[data-figure=learning_curves] g[data-network=csp]").count() == 0
    assert page.locator("[data-figure=accuracy_against_cost] g[data-network=csp]").count() == 0
    page.wait_for_function("document.querySelectorAll('.panel.small').length === 2")
    page.get_by_role("button", name="show all").click()
    assert page.locator("[data-figure=learning_curves] g[data-network=csp]").count() == 1


def test_curves_are_read_by_pointer_and_by_key(open_page):
    page = open_page(made_up_runs((4, 5)))
    figure = page.locator("[data-figure=learning_curves]")
    picture = figure.locator(".chart svg")
    picture.press("ArrowRight")
    told = figure.locator(".readout").inner_text()
    # Accuracies of 0.924 and 0.925 after the first epoch.
    assert told.splitlines()[0] == "epoch 1" and "vgg 7.55 % (7.5 % to 7.6 %)" in told
    assert "vgg 7.55 %" in figure.locator("[aria-live]").inner_text()
    box = picture.bounding_box()
    picture.hover(position={"x": box["width"] - 20, "y": 100})
    assert figure.locator(".readout").inner_text().startswith("epoch 3")
    assert picture.locator(".thin").count() == 6


def test_filters_filter_and_the_least_alike_come_first(open_page):
    page = open_page()
    browser = page.locator("[data-figure=heatmaps]")
    images = lambda: [  # noqa: E731
        int(image.get_attribute("data-image")) for image in browser.get_by_role("radio").all()
    ]
    assert images() == list(range(13))
    browser.get_by_label("answers").select_option("wrong")
    page.wait_for_function("document.querySelectorAll('[role=radio]').length === 3")
    assert images() == [0, 1, 2]
    browser.get_by_label("class").select_option("1")
    page.wait_for_function("document.querySelectorAll('[role=radio]').length === 1")
    assert images() == [1]
    browser.get_by_label("class").select_option("2")
    browser.get_by_label("answers").select_option("right")
    page.wait_for_function("document.querySelectorAll('[role=radio]').length === 0")
    assert "No image passes" in browser.inner_text()
    browser.get_by_label("answers").select_option("all")
    browser.get_by_label("class").select_option("all")
    browser.get_by_label("order").select_option("apart")
    from scipy.stats import spearmanr

    runs = made_up_runs()
    inked = runs["vgg", 4]["images"] > 0
    maps = [runs[network, 4]["attributions"] for network in ("exp3", "vgg")]
    alike = [spearmanr(*(each[i][inked[i]] for each in maps)).statistic for i in range(13)]
    page.wait_for_function(f"document.querySelector('[role=radio]').dataset.image != {0}")
    assert images() == np.argsort(alike).tolist()


@pytest.mark.parametrize("kind", ["black", "mean", "randomised"])
def test_a_pixel_says_the_number_of_the_file_by_pointer_and_by_key(open_page, kind):
    page = open_page()
    runs, image, row, column = made_up_runs(), 10, 4, 7
    browser = page.locator("[data-figure=heatmaps]")
    browser.get_by_label("method and baseline").select_option(kind)
    browser.locator(f"[data-image='{image}']").click()
    page.wait_for_function("document.querySelector('.view h4').textContent.length > 0")
    canvas = browser.locator(".panel .reader").nth(1)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    place = {"x": (column + 0.5) * box["width"] / 12, "y": (row + 0.5) * box["height"] / 12}
    canvas.hover(position=place)
    for step in ("pointer", "key"):
        for network in ("exp3", "vgg", "csp"):
            run = runs[network, 4]
            arrays = {"black": run["attributions"], "randomised": run["randomised"]}
            maps = arrays | {"mean": run["baseline_attributions"][1]}
            value = float(maps[kind][image, 0, row, column])
            cell = browser.locator(f"[data-value={network}]")
            shown = float(cell.inner_text().replace("\N{MINUS SIGN}", "-"))
            assert shown == float(np.format_float_scientific(value, 3, unique=False)), step
        caption = browser.locator(".pixel caption").inner_text()
        brightness = runs["vgg", 4]["images"][image, 0, row, column]
        assert caption == f"Row {row}, column {column}, brightness {brightness} of 255"
        canvas.focus()
        page.keyboard.press("ArrowDown")
        row += 1
    assert f"Row {row}, column {column}: exp3 " in browser.locator("> .unseen").inner_text()


def number(cell) -> float:
    return float(cell.inner_text().removesuffix(" %").replace("\N{MINUS SIGN}", "-"))


def test_the_difference_of_two_networks_is_that_of_their_shares(open_page):
    page = open_page()
    browser = page.locator("[data-figure=heatmaps]")
    browser.get_by_label("first network").select_option("vgg")
    browser.get_by_label("second network").select_option("csp")
    page.wait_for_selector("h4:text-is('csp − vgg')")
    caption = browser.locator("figcaption").inner_text()
    assert caption.startswith("Attribution maps of vgg and csp")
    assert caption.endswith("Integrated Gradients, from a black image")
    browser.locator(".reader").nth(3).focus()  # the pixel in the middle
    vgg, csp = (made_up_runs()[name, 4]["attributions"][0, 0] for name in ("vgg", "csp"))
    expected = 100 * (csp / np.abs(csp).sum() - vgg / np.abs(vgg).sum())[6, 6]
    assert number(browser.locator("[data-value=apart]")) == pytest.approx(expected, rel=6e-3)


def test_maps_do_not_move_under_the_pointer(open_page):
    page = open_page()
    places = """[...document.querySelectorAll(".reader")].map((reader) => {
        const { x, width, height } = reader.getBoundingClientRect();
        return [x, width, height].join();
    })"""
    page.add_style_tag(content=".pixel td { letter-spacing: 0.5em }")  # a wide font
    before = page.evaluate(places)
    reader = page.locator(".reader").nth(1)
    reader.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        assert page.evaluate(places) == before


def test_a_finger_reads_the_pixel_that_it_taps_and_sees_it(open_page):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    for panel, (row, column) in ((1, (4, 7)), (2, (5, 3))):
        canvas = page.locator(".reader canvas").nth(panel)
        canvas.evaluate("(canvas) => canvas.scrollIntoView({ behavior: 'instant' })")
        box = canvas.bounding_box()
        place = (column + 0.5) * box["width"] / 12, (row + 0.5) * box["height"] / 12
        page.touchscreen.tap(box["x"] + place[0], box["y"] + place[1])
        caption = page.locator(".pixel caption", has_text=f"Row {row}, column {column},")
        caption.wait_for()
        assert caption.bounding_box()["y"] < PHONE["height"]
    figure = page.locator("[data-figure=learning_curves]")
    figure.locator(".chart svg").tap()
    assert figure.locator(".readout").inner_text().startswith("epoch 2")


def test_paper_holds_the_whole_of_every_chart(open_page):
    page = open_page()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 900})
    wide = """[...document.querySelectorAll(".chart svg")].map((chart) => {
        const height = chart.viewBox.baseVal.height;
        // As wide as on the screen: it is not drawn anew for a print.
        chart.setAttribute("width", 1100);
        chart.setAttribute("viewBox", `0 0 1100 ${height}`);
        const [inner, outer] = [chart, chart.parentElement].map((it) => it.getBoundingClientRect());
        return height > 0 && inner.right <= outer.right;
    })"""
    fits = page.evaluate(wide)
    assert len(fits) >= 4 and all(fits)


def test_agreement_and_perturbation_are_those_of_the_tables(open_page):
    page = open_page(made_up_runs((4, 5)))
    matrix = page.locator("[data-figure=agreement]")
    row = matrix.locator("tbody tr").first.locator("td")
    assert row.all_inner_texts() == ["+0.76", "+0.30", "+0.30", "+0.48"]
    assert "unknown" not in matrix.inner_text()
    told = row.nth(3).get_attribute("title")
    assert told == "exp3 and the bare image. 95 % interval +0.45 to +0.51"
    matrix.get_by_label("measure").select_option("of_ceiling")
    assert row.all_inner_texts()[1] == "+0.57"  # 0.3 / sqrt(0.76 * 0.36)
    curves = page.locator("[data-figure=deletion_curves]")
    curves.locator(".chart svg").first.press("ArrowLeft")
    told = curves.locator(".readout").first.inner_text()
    assert "pixels removed (%) 100" in told and "vgg, by brightness 0 (0 to 0)" in told


def test_with_one_seed_the_agreement_of_a_network_with_itself_is_unknown(open_page):
    matrix = open_page().locator("[data-figure=agreement]")
    row = matrix.locator("tbody tr").first.locator("td")
    assert row.all_inner_texts()[:2] == ["unknown", "+0.30"]
    assert "studies/explain.yaml" in matrix.inner_text()


def test_hostile_names_stay_text(open_page):
    page = open_page()
    assert page.title() == "Which block? 3 networks & more"
    assert HOSTILE in page.locator("[data-figure=heatmaps] select").first.inner_text()
    assert page.locator("footer a").get_attribute("href") == "networks.csv"
    assert "null" not in page.locator("main").inner_text()
    assert page.locator("main img").count() == 1 and page.locator("main script").count() == 0


@pytest.mark.parametrize("how", [{}, {"color_scheme": "dark"}, {"viewport": PHONE}], ids=str)
def test_nothing_serious_is_in_the_way_of_a_reader(open_page, how):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(made_up_runs((4, 5)), **how)
    page.locator("[data-figure=heatmaps] .reader").first.focus()
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    found = axe.Axe().run(page).response["violations"]
    bad = [
        (each["id"], each["nodes"][0]["html"][:200])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert bad == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_is_open_soon(open_page):
    page = open_page()
    timing = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    assert page.evaluate(timing) < 1500
    assert not re.search(r"https?://[^\"]*\.(js|css)", page.content())
