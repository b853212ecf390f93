"""A journal that makes MiniStack's state survive kill -9 and a power cut.

MiniStack itself writes its state at a clean stop only. Here every change is appended to a journal, and a
request is answered when its change is synced::

    items, queues        the hooks where items and messages change; `streams` has its own
    services, stores     everything else, entry by entry, compared with what was recorded last
    answers              waits for the sync, and refuses changes while nothing can be stored
    recorder ─▶ writer   frames in the order of the changes; one fdatasync for all that wait
    files, frames        generations of snapshots and journals, whole up to the first broken checksum
    compaction           a snapshot by a forked process
    changes              the state that the changes lead to, at the next start
"""
