"""The demo: conversations on a local cloud of its own, and the proof that no word and no byte went astray.

::

    texts, script            what everybody will say
          │
    stage ── speaking ──> sent        what was sent: POSTs accepted, replies written
             watcher  ──> observed    what arrived: at the providers, in the histories, statuses
                            │
            arrivals ── verdict       sent against observed: lost, doubled, out of order
                            │
             display, summary         shown while it goes on, and at the end

files     the second act: files up, out to every customer, and one back
"""
