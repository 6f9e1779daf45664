"""Ground floor: errors, configuration, paths and units. Imports nothing heavier than the standard library and numpy."""
