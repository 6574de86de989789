"""From conditions to what is given: groups, limits of the member and of others, questions and answers."""
