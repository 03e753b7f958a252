"""`netmodel import`: a planner's own files, checked and written ready for a scenario."""
