"""Campaigns that are due by the calendar: planned for each member, fired when due."""
