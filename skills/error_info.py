"""An exception as it is stored: only the frames of the skill's own files, since the rest is noise to its author."""

from __future__ import annotations

import traceback
from collections.abc import Collection

from skills.errors import StepFailed
from skills.wire import ErrorInfo

LONGEST_MESSAGE = 4000  # characters; a message may quote a whole page


def error_info(error: BaseException, own_files: Collection[str]) -> ErrorInfo:
    """Describe `error`. A `StepFailed` gives what the step's body raised, and the step."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in own_files]
    shown = "".join(traceback.format_list(frames))
    if isinstance(error, StepFailed):
        return ErrorInfo(
            type=error.type,
            message=error.message,
            traceback=shown + error.traceback,
            step=error.step,
        )
    return ErrorInfo(type=type(error).__name__, message=_message(error), traceback=shown)


def _message(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception as broken:  # noqa: BLE001 - the author's __str__ may raise anything
        message = f"(its message cannot be shown: {type(broken).__name__})"
    storable = message.encode("utf-8", "replace").decode()
    return storable if len(storable) <= LONGEST_MESSAGE else storable[:LONGEST_MESSAGE] + "…"
