"""Messages to the targets of the settings: one module for each kind, all answering with an `Outcome`.

    NoticeRequest ─► Senders ─┬─► slack    chat.postMessage; a lost reply is looked up in the history
                              ├─► webhook  one POST, signed
                              └─► mail     SMTP

None of them tries twice: whoever asks decides that, and keeps it on disk.
"""

from sidecar.gateway.senders.outcome import Outcome
from sidecar.gateway.senders.senders import Senders

__all__ = ["Outcome", "Senders"]
