"""The demo's second act: files up, to every customer and one back, each followed to its last byte.

::

    props, making     which files there are, and their bytes and SHA-256
          │
    exchange ── upload ── post ──> sent          what was uploaded, and which messages carry it
             onlooker ── fetching ──> observed   what came: at providers, behind links, in histories
                                        │
                        judging, table           sent against observed: lost, wrong, doubled
"""
