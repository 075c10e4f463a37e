"""What every job begins and ends with: log, scheduler, devices, measurement, provenance."""
