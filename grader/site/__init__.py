"""The site: stage.py gathers the pages, headers.py writes those of the contract headers, conf.py is Sphinx's."""
