"""The demo's second act: files up, to every customer and one back, each followed to its last byte.

::

    props, making     which files there are, and their bytes and SHA-256
          │
    exchange ── upload ── post ──> sent       what was uploaded, and which messages carry it
             onlooker ── fetching ──> observed    what came: at the providers, behind the links, in the history
                                       │
             judging                 sent against observed: lost, wrong, doubled
                                       │
             bars, table             shown while it goes on, and at the end
"""
