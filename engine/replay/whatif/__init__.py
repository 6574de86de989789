"""What if other rules had been in force: a recorded history beside the same history under other rules."""
