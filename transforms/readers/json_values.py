"""JSON that is no JSON lines: an array of objects, or objects over several lines each."""

import json
from collections.abc import Iterator

import ijson

from mashbill.models.tasks.base import Task
from mashbill.transforms.encodings import Coding, open_utf8
from mashbill.transforms.ledger import EXAMPLE_LIMIT
from mashbill.transforms.readers.part import BadRow, Part, PartBuilder
from mashbill.transforms.work_item import WorkItem


def read_json(item: WorkItem, task: Task) -> Iterator[Part]:
    """The objects one by one, numbered; JSON that breaks ends the file with an error."""
    builder = PartBuilder(item, task)
    coding = item.coding
    if coding.encoding == "utf-8":
        coding = Coding("utf-8-sig", coding.returns)  # ijson does not know the mark
    with open_utf8(item.path, item.compression, coding) as file:
        records = ijson.items(file, item.prefix, multiple_values=not item.prefix, use_float=True)
        for number, record in enumerate(records, 1):
            try:
                if not isinstance(record, dict):
                    raise BadRow(f"a JSON {type(record).__name__}, not an object")
                builder.add(record)
            except BadRow as error:
                shown = json.dumps(record, ensure_ascii=False, default=str)[:EXAMPLE_LIMIT]
                builder.reject(str(error), {"row": number}, {"row": shown})
            yield from builder.drain()
    yield from builder.drain(at_end=True)
