"""What modules do to their input, step by step, as graphs that can be drawn."""
