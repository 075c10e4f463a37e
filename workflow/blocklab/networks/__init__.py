"""Networks: layers in YAML become modules, sized and checked before any job."""
