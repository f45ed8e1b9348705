"""The report: one HTML file that works offline, rendered from a `Page`."""

from nuthatch_compare.report.html.page import Cell, Page, QueryRow, Table
from nuthatch_compare.report.html.page_data import build_page, write_report
from nuthatch_compare.report.html.render import render
from nuthatch_compare.report.html.tables import cost_table, latency_table

__all__ = [
    "Cell",
    "Page",
    "QueryRow",
    "Table",
    "build_page",
    "cost_table",
    "latency_table",
    "render",
    "write_report",
]
