"""The one file where everything is kept, and the one writer that keeps it."""

from sidecar.store.store import Row, Store, StoreError

__all__ = ["Row", "Store", "StoreError"]
