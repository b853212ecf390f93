"""The providers on one machine: a real HTTP server for each, as strict as the provider itself.

They were written from the providers' documentation alone and share no code with the product, so that a
misreading on one side shows as a failing test on the other. Only which channels there are is the product's to say:
each has its provider in the folder of its name, which `registry` finds.

::

    whatsapp  telegram  instagram      what each provider accepts, answers and reports, without HTTP:
             └────┬────┘               manifest, provider, requests, media, webhooks, errors
               shared                  what several of them are written with
                  │
              simulator                one request: rules, faults, rates, transcript, receipts
       ┌─────────┼─────────┐
      app     webhooks  fetching       HTTP in, HTTP out: webhooks, and links in messages of ours
       └─────────┼─────────┘
               server                  a listener for each on 127.0.0.1, in one event loop

Kept over a restart are whom they know, and the webhooks that our endpoint has not taken yet. Everything else is kept in
memory: the settings of a restarted simulator are the defaults, its journals are empty.
Of a file not even that: what we send is hashed as it comes, what people send is made of a seed again each
time it is read.
"""
