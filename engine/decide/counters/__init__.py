"""What is counted of a member, as dated series, and the achievements that stand on it."""
