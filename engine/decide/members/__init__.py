"""Who takes part: what they tell, what knows them, how two become one, how one is forgotten."""
