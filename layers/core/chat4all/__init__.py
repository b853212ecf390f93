"""Chat4All: one API for conversations on WhatsApp, Telegram, Instagram and SMS.

The package is an onion; imports only point inwards::

    domain  <-  services  <-  adapters  <-  bootstrap

`domain` holds types and rules without I/O. `services` holds a use case per module. `adapters` call
AWS, and `channels` the providers. `bootstrap` wires a Lambda function per module.
"""
