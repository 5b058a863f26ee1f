"""The course's own pages as a reader has them: the site in a browser, wide and narrow, in the dark, searched; the PDFs."""
import functools
import http.server
import html
import json
import os
import re
import subprocess
import threading

import pytest

from grader import docs, generate, paths
from grader.errors import GraderError
from grader.site import pdf, stage
from grader.tests.test_site import TREE, dead, files, plant, words

WIDE, NARROW = (1280, 900), (360, 740)
QUIET = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-default-apps", "--no-first-run",
         "--disable-domain-reliability", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    here = tmp_path_factory.mktemp("course")
    stage.build(paths.ROOT, here / "site", here / "work")
    return here / "site"


@pytest.fixture(scope="module")
def secret():
    """Lines of the solution's regions that stand nowhere else."""
    kept = "\n".join(path.read_text() for path in (*docs.pages(), *(paths.ROOT / "kernel").rglob("*.[chS]")))
    lines = {line.strip() for path in (paths.ROOT / "solutions").rglob("*") if path.is_file() and "challenges" not in path.parts
             for region in generate.regions(path.read_text(), path.name) for line in region.solution}
    lines = {line for line in lines if len(line) > 20 and line not in kept}
    assert len(lines) > 20
    return lines


def test_the_course_s_site(site, secret):
    assert dead(site) == []
    labs = [path.parent.name for path in (paths.ROOT / "labs").glob("[0-9]*/README.md")]
    headed = [f"{path.parent.name}/{path.stem}" for path in (paths.ROOT / "kernel/include").glob("*/*.h")]
    pages = ("index", "syllabus", "grader", *(f"{lab}/index" for lab in labs), *headed)
    assert {f"{name}.html" for name in pages} <= set(files(site))
    shown = "\n".join(html.unescape(words(site / name)) for name in files(site) if name.endswith(".html"))
    assert [line for line in secret if line in shown] == []


# In a browser.

@pytest.fixture(scope="module")
def address(site):
    """Where the site is served, on loopback."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    for word in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    yield driver
    driver.quit()


def trouble(browser, address):
    """What the browser has complained of, and asked of others, since it was asked last."""
    said = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    sent = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in sent if event["method"] == "Network.requestWillBeSent"]
    return said + [url for url in asked if not url.startswith((f"{address}/", "file:", "data:", "blob:", "chrome:"))]


# The images that cannot be shown, those too that are not looked at yet.
LOST = """
const done = arguments[0], every = [...document.images];
every.forEach(image => image.loading = 'eager');
Promise.allSettled(every.map(image => image.decode())).then(
    came => done(every.filter((image, i) => came[i].status == 'rejected').map(image => image.src)));
"""


@pytest.mark.parametrize("width, height", [WIDE, NARROW])
def test_every_page_opens_and_fits(browser, site, address, width, height):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
    wrong = []
    for name in files(site):
        if name.endswith(".html"):
            browser.get(f"{address}/{name}")
            wide = browser.execute_script("return document.scrollingElement.scrollWidth")
            lost = browser.execute_async_script(LOST)
            wrong += [f"{name}: {wide} wide"] * (wide > width)
            wrong += [f"{name}: {each}" for each in (*lost, *trouble(browser, address))]
    assert wrong == []


def test_a_page_that_does_not_fit_or_asks_elsewhere_is_seen(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<img src='http://127.0.0.2:9/x.png'><script>nonsense(</script>"
                    "<p style='width:3000px;height:9000px'>x<img src='none.svg' loading=lazy><img src='map.svg' loading=lazy>")
    (tmp_path / "map.svg").write_text(TREE["labs/1-boot/figures/map.svg"])
    browser.get(page.as_uri())
    assert [src.rpartition("/")[2] for src in browser.execute_async_script(LOST)] == ["x.png", "none.svg"]
    assert browser.execute_script("return document.scrollingElement.scrollWidth") > WIDE[0]
    said = "\n".join(trouble(browser, "http://127.0.0.1:1"))
    assert "127.0.0.2" in said and "SyntaxError" in said


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_search_answers(browser, site, address, over):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait
    browser.get((address if over == "http" else site.as_uri()) + "/search.html?q=save+page")
    WebDriverWait(browser, 60).until(lambda found: any("4-upcalls/" in link.get_attribute("href") for link in
                                                       found.find_elements(By.CSS_SELECTOR, "#search-results li a")))


@pytest.mark.parametrize("name", ["index", "4-upcalls/index", "guide/arm", "exo/uart", "syllabus", "search"])
@pytest.mark.parametrize("wish", ["light", "dark"])
def test_the_page_is_as_dark_as_the_reader_s_system(browser, address, wish, name):
    asked = {"name": "prefers-color-scheme", "value": wish}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [asked]})
    browser.get(f"{address}/{name}.html")
    paper, ink = (browser.execute_script(f"return getComputedStyle(document.body).{colour}")
                  for colour in ("backgroundColor", "color"))
    paper, ink = (sum(int(part) for part in colour[colour.index("(") + 1:-1].split(",")[:3]) for colour in (paper, ink))
    assert (paper < 200 < 400 < ink) if wish == "dark" else (ink < 200 < 600 < paper)


# On paper.

def text(file):
    return subprocess.run(["pdftotext", "-layout", file, "-"], check=True, text=True, capture_output=True).stdout


MADE = ["1-boot.pdf", "guide.pdf", "syllabus.pdf"]


def test_two_pdfs_of_a_page_are_identical(tmp_path):
    made = [tmp_path / place / "pdf" for place in ("a", "another/place")]
    for out in made:
        assert pdf.build(plant(out.parent / "course"), out, out.parent / "work") == MADE
    for name in MADE:
        assert (made[0] / name).read_bytes() == (made[1] / name).read_bytes()
    assert "Lab 1: boot" in text(made[0] / "1-boot.pdf") and "Fifteen." in text(made[0] / "syllabus.pdf")


def test_a_pdf_is_set_anew_if_what_it_is_made_of_has_changed(tmp_path, monkeypatch):
    root, kept = plant(tmp_path / "course"), tmp_path / "kept"

    def build():
        pdf.build(root, tmp_path / "pdf", tmp_path / "work", kept)
        return {name: (tmp_path / "pdf" / name).read_bytes() for name in MADE}

    first = build()
    assert len(list(kept.iterdir())) == len(MADE)
    broken = tmp_path / "bin/weasyprint"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho broken >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    assert build() == first
    figure = root / "labs/1-boot/figures/map.svg"
    figure.write_text(figure.read_text().replace("<svg", '<svg id="another"'))
    with pytest.raises(GraderError, match="labs/1-boot/README.md: weasyprint: broken"):
        build()


def test_the_handbook_is_one_pdf_and_its_links_lead_to_the_page_they_mean(tmp_path):
    """Two of its pages have a section of the same name."""
    root = plant(tmp_path / "course")
    guide = root / "labs/guide"
    (guide / "arm.md").write_text("# ARM\n\n## Modes\n\n[up](README.md), [this](#modes), [others](tools.md#modes)\n")
    (guide / "tools.md").write_text("# Tools\n\n## Modes\n\n"
                                    "See [here](#modes), [ARM](arm.md), [far](../1-boot/README.md).\n")
    pdf.build(root, tmp_path / "pdf", tmp_path / "work")
    page = (tmp_path / "work/guide/index.html").read_text()
    links = re.findall(r'<a\s+href="(#[^"]*)"[^>]*>(up|this|others|here|ARM|far)</a>', page.partition("</nav>")[2])
    assert {text: target for target, text in links} == {
        "ARM": "#arm", "this": "#modes-1", "others": "#modes", "here": "#modes"}
    shown = text(tmp_path / "pdf/guide.pdf")
    assert shown.index("The handbook") < shown.index("Tools") < shown.index("See here, ARM, far")


def test_a_link_that_leads_nowhere_is_told(tmp_path):
    page = plant(tmp_path / "course") / "labs/1-boot/README.md"
    page.write_text(TREE["labs/1-boot/README.md"].replace("#11-out-of-reset", "#nowhere"))
    with pytest.raises(GraderError, match="labs/1-boot/README.md: .*nowhere"):
        pdf.build(tmp_path / "course", tmp_path / "pdf", tmp_path / "work")


def test_the_course_s_pdfs(tmp_path, secret):
    made = pdf.build(paths.ROOT, tmp_path / "pdf", tmp_path / "work", paths.BUILD / "pdf")
    labs = sorted((paths.ROOT / "labs").glob("[0-9]*/README.md"))
    assert made == [*(f"{path.parent.name}.pdf" for path in labs), "guide.pdf", "syllabus.pdf"]
    for name in made:
        fonts = subprocess.run(["pdffonts", tmp_path / "pdf" / name], check=True, text=True, capture_output=True).stdout
        assert fonts.splitlines()[2:], name
        assert all(line.split()[-5] == "yes" for line in fonts.splitlines()[2:]), "every font is in it"
        shown = "".join(text(tmp_path / "pdf" / name).split())       # there, lines are broken anywhere
        assert [line for line in secret if "".join(line.split()) in shown] == []
