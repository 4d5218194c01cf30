"""report.html: one page, without network, that shows what a run made and what it bought."""

from mashbill.pipelines.report.page import render, write_report

__all__ = ["render", "write_report"]
