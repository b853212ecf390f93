"""Send messages through a cloud, and compare them with their arrivals.

::

    participants      an agent and customers, registered at the providers and in the directory
          │
        load          the messages that they send, each at its own time: `Posted`
          │
     transcripts      the sends that the providers observed: `SendRecord`
          │
       ledger         sent against observed: lost, repeated, out of order
          │
       spread         the statistics of many measurements
"""
