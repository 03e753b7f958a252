"""A planner's own files brought in: checked, converted, and written ready for a scenario."""
