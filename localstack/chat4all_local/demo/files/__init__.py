"""The second part of the demo: files to every customer and from a customer, each compared byte by byte.

::

    props, making     the files of the demo, their bytes and SHA-256
          │
    exchange ── upload ── post ──> sent          the uploaded files and their messages
             onlooker ── fetching ──> observed   arrivals at providers, behind links, in histories
                                        │
                        judging, table           sent against observed: lost, wrong, duplicated
"""
