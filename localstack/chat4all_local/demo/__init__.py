"""The demo: conversations on a temporary local cloud, and a check that every text and file arrived intact.

::

    texts, script            the lines of the agent and the customers
          │
    stage ── speaking ──> sent        accepted POSTs and written replies
             watcher  ──> observed    arrivals at the providers and in the histories, statuses
                            │
            arrivals ── verdict       sent against observed: lost, duplicated, out of order
                            │
             display, summary         the table during the run, and the summary at its end

files     the second part: files to every customer, and a file from a customer
"""
