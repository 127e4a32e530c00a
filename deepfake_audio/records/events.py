"""A file of events as TensorBoard reads it, written by its own package alone: a quick command can do without torch."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

# Where a PNG holds its size, and how: its first chunk begins with width and height, and always tells of both.
PNG_SIZE, PNG_SIZE_AT = ">II", 16
RGBA = 4


class Events:
    """One new file in `folder`, whose name ends with `ending`."""

    def __init__(self, folder: Path, ending: str) -> None:
        self._file = EventFileWriter(str(folder), filename_suffix=ending)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        """A point of the curve `name`."""
        self._add(Summary.Value(tag=name, simple_value=value), step)

    def add_picture(self, name: str, png: Path, step: int) -> None:
        """A PNG file as it is."""
        data = png.read_bytes()
        width, height = struct.unpack_from(PNG_SIZE, data, PNG_SIZE_AT)
        image = Summary.Image(width=width, height=height, colorspace=RGBA, encoded_image_string=data)
        self._add(Summary.Value(tag=name, image=image), step)

    def add_settings(self, settings: dict[str, bool | float | str], figures: Iterable[str]) -> None:
        """A row of the table of runs: its settings, and by which scalars runs are sorted there."""
        start = plugin_data_pb2.SessionStartInfo(start_time_secs=time.time())
        for name, value in settings.items():
            kind = "bool" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
            setattr(start.hparams[name], f"{kind}_value", value)
        columns = api_pb2.Experiment(
            hparam_infos=[
                api_pb2.HParamInfo(name=name, type=_type(value)) for name, value in settings.items()
            ],
            metric_infos=[api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in figures],
        )
        end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS)
        for tag, told in (
            (metadata.EXPERIMENT_TAG, {"experiment": columns}),
            (metadata.SESSION_START_INFO_TAG, {"session_start_info": start}),
            (metadata.SESSION_END_INFO_TAG, {"session_end_info": end}),
        ):
            about = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**told))
            self._add(Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR), 0)

    def flush(self) -> None:
        """Whoever looks now sees all of it."""
        self._file.flush()

    def close(self) -> None:
        """Nothing can be added any more."""
        self._file.close()

    def _add(self, value: Any, step: int) -> None:
        self._file.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))


def _type(value: bool | float | str) -> int:
    if isinstance(value, bool):
        return int(api_pb2.DATA_TYPE_BOOL)
    return int(api_pb2.DATA_TYPE_STRING if isinstance(value, str) else api_pb2.DATA_TYPE_FLOAT64)
