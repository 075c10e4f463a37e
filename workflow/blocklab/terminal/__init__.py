"""What a run shows while it runs: in the process of Snakemake, not in that of a job."""
