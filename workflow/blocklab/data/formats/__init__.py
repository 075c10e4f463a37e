"""How raw data is written: one file per format, each read into the same `RawImages`."""
