"""Chat4All: one API for conversations on WhatsApp, Telegram and Instagram.

The package is an onion; imports only point inwards::

    domain  <-  services  <-  adapters  <-  bootstrap

`domain` holds types and rules without I/O, `services` one use case per module, `adapters` what
talks to AWS and to the providers, `bootstrap` wires one Lambda function per module.
"""
