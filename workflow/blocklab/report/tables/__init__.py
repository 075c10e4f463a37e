"""Tables of the summary, one file each."""
