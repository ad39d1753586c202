# SPDX-License-Identifier: GPL-2.0-only
# How Sphinx makes pages of this directory: make htmldocs.
project = "nvgrace-gpu"
author = "The nvgrace-gpu authors"
extensions = []
exclude_patterns = ["ABI"]
nitpicky = True
html_theme = "alabaster"
html_theme_options = {
    "description": "GPU memory, cacheable in guests",
    "page_width": "1100px",
    "fixed_sidebar": True,
}
html_copy_source = False
html_show_sphinx = False
