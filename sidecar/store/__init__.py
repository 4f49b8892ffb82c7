"""The one file where everything is kept, and the one writer that keeps it."""

from sidecar.store.prepared import Row
from sidecar.store.store import Store, StoreError

__all__ = ["Row", "Store", "StoreError"]
