"""Sphinx's configuration: pages staged by stage.py, the furo theme, nothing from another host, nothing that varies."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from grader.docs import slug  # noqa: E402
from grader.site.a32 import A32Lexer  # noqa: E402

project = "exolab"
author = "the authors of exolab"
html_title = "exolab"
html_short_title = "exolab"
language = "en"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
nitpicky = True

myst_heading_anchors = 6
myst_heading_slug_func = slug
myst_enable_extensions = []
suppress_warnings = ["misc.highlighting_failure"]   # pseudo-code may be shown in the dress of a language
smartquotes_action = "q"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["exolab.css"]
html_favicon = "static/favicon.svg"
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": True}
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_last_updated_fmt = None
html_use_index = False
html_permalinks_icon = "#"
pygments_style = "friendly"
pygments_dark_style = "native"


def setup(app):
    app.add_lexer("asm", A32Lexer)
    app.connect("doctree-read", name_sections)
    return {"parallel_read_safe": True}


def name_sections(app, doctree):
    """Gives each heading the anchor that it has on a forge, so that a link works in both places."""
    from docutils import nodes
    for section in doctree.findall(nodes.section):
        wanted = section.get("myst-anchor", "").rpartition("#")[2]
        if wanted and wanted not in section["ids"]:
            section["ids"].insert(0, wanted)
