"""Rules tried out without a broker: tests beside them, explanations of one event, differences in words."""
