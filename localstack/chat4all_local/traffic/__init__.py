"""Messages through a cloud, and their results.

::

    participants      an agent and customers, registered at the providers and in the directory
          │
        load          what they send, each message at its own time: `Posted`
          │
     transcripts      what the providers took: `SendRecord`
          │
       ledger         sent against observed: lost, repeated, out of order
          │
       spread         what many measurements say
"""
