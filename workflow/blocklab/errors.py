"""The one exception that a user's mistake, or the world outside, is reported with."""


class UserError(Exception):
    """Something the user can mend. The message is one line: what, where, what would be right."""
