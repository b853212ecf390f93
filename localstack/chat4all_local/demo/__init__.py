"""The demo: a small play on a local cloud of its own, and the proof that not a word of it, nor a byte, went astray.

::

    cast, texts, script      who speaks, and what everybody will say
          │
    stage ── speaking ──> said        what was said: POSTs accepted, replies written
             watcher  ──> seen        what arrived: at the providers, in the histories, statuses
                            │
             ledger ── verdict        said against seen: lost, doubled, out of order
                            │
             display, summary         shown while it goes on, and at the end

files     the second act: files up, out to every customer, and one back
"""
