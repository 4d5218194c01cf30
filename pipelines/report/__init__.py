"""report.html: one page, without network, that shows what a run made and what it bought."""

from mashbill.pipelines.report.page import EVALUATION_VERSION, render, write_report

__all__ = ["EVALUATION_VERSION", "render", "write_report"]
