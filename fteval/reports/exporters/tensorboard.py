"""TensorBoard: an event file for each candidate, with a scalar for each number, and the report as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fteval.errors import UserError
from fteval.records import Comparison, RunRecord
from fteval.reports.view import numbers

PLACE, WHAT = "DIR", "event files for TensorBoard"


def check(place: str) -> None:
    try:
        import tensorboard  # noqa: F401  # whether it is there is the question
    except ImportError:
        raise UserError("-o tensorboard: needs TensorBoard", fix="pip install 'fteval[tensorboard]'") from None
    if not place or Path(place).is_file():
        raise UserError(f"-o tensorboard:{place} names no folder", fix="-o tensorboard:DIR, which `--logdir DIR` shows")


def export(subject: Comparison | RunRecord, place: str, files: Mapping[str, bytes]) -> str:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    for one in numbers.of(subject):
        folder = Path(place) / f"{re.sub(r'[^A-Za-z0-9._-]', '_', one.name)[:80]}-{subject.id}"
        values = [Summary.Value(tag=name, simple_value=value) for name, value in one.values.items()]
        texts = {**one.tags, "report": files["report.md"].decode()}
        plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        for name, text in texts.items():
            held = TensorProto(dtype=DT_STRING, string_val=[text.encode("utf-8", "backslashreplace")])
            values.append(Summary.Value(tag=name, metadata=plugin, tensor=held))
        writer = EventFileWriter(str(folder))
        writer.add_event(Event(step=0, wall_time=0.0, summary=Summary(value=values)))
        writer.close()
    return f"{place} (tensorboard --logdir {place})"
