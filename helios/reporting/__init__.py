"""A page that tells what is in a universe and how well it is trained, for people who have never seen the project.

`helios.reporting.report.report` writes it. Each section is made by a module of its own, which returns its words, its
charts and the numbers behind them; `page` makes one HTML file of these, and the numbers alone are `metrics.json`.
"""
