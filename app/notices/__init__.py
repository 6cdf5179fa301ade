"""Which entries of the log deserve a notification, how they are grouped, and how they are worded.

Pure decisions: time comes in as an argument, and a ``Notice`` goes out as a value. Who shows it is
anything that fits ``Notifier``. May import ``app.domain`` only.
"""
