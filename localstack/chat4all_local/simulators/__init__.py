"""The simulated providers: an HTTP server for each provider on this machine, as strict as the real provider.

The simulators are written from the providers' documentation alone and share no code with the product. If the
product misreads the documentation, a test therefore fails. Only the list of channels comes from the product:
the simulator of each channel is in the folder with the channel's name, where `registry` finds it.

::

    whatsapp  telegram  instagram  sms   what each provider accepts, answers and reports, without HTTP:
             └────┬────┘                 manifest, provider, requests, media, webhooks, errors
               shared                    code that several providers use
                  │
              simulator                  a single request: rules, faults, rate limits, transcript, reports
       ┌─────────┼─────────┐
      app     webhooks  fetching         HTTP in; HTTP out: webhooks, and the links in Chat4All's messages
       └─────────┼─────────┘
               server                    a listener for each provider on 127.0.0.1, all in one event loop

Two things survive a restart: the customers, and the webhooks that Chat4All has not accepted yet. Everything
else is in memory: a restarted simulator has the default settings and empty journals. No file is stored. A
file that Chat4All sends is hashed as it arrives. A file that a customer sends is generated from a seed each
time it is read.
"""
