"""Which study: the config, what every job of it is planned with, and which code that is."""
