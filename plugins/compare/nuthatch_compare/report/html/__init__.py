"""The report: one HTML file that works offline, drawn from a `Page`."""

from nuthatch_compare.report.html.page import Cell, Listed, Page, QueryRow, Table
from nuthatch_compare.report.html.page_data import page_of, write_report
from nuthatch_compare.report.html.render import render
from nuthatch_compare.report.html.tables import cost_table, latency_table

__all__ = [
    "Cell",
    "Listed",
    "Page",
    "QueryRow",
    "Table",
    "cost_table",
    "latency_table",
    "page_of",
    "render",
    "write_report",
]
