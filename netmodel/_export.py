"""A run's layers, zones and sites as files of a GIS."""
