"""The simulated providers: an HTTP server for each provider on this machine, as strict as the real provider.

The simulators are written from the providers' documentation alone and share no code with the product. If the
product misreads the documentation, a test therefore fails. Only the list of channels comes from the product:
the simulator of each channel is in the folder with the channel's name, where `registry` finds it.

::

    whatsapp  telegram  instagram  sms   what each provider accepts, answers and reports, without HTTP:
             └────┬────┘                 manifest, provider, requests, media, webhooks, errors
            shared, store                code that several providers use; what a provider remembers
                  │
              simulator                  a single request: rules, faults, rate limits, transcript, reports
       ┌─────────┼─────────┐
      app     webhooks  fetching         HTTP in; HTTP out: webhooks, and the links in Chat4All's messages
       └─────────┼─────────┘
               server                    a listener for each provider on 127.0.0.1, all in one event loop

What a provider answered survives a restart, `kill -9` and a power cut: customers, transcripts, message ids,
the webhooks that Chat4All has not accepted yet, and what is known of files (`store`). Settings, faults, rate
limits and the log of webhook calls do not: a restarted simulator has the default settings. It continues with
its webhooks when `up` sets the webhook URL.

A file that Chat4All sends is hashed as it arrives, and not stored. A file that a customer sends is generated
from a seed each time it is read, unless its bytes were given.
"""
