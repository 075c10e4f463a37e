"""What the page's interactive parts are given: tables and attributions, in one file's size."""
