"""The compiler: YAML files in, a ruleset or diagnostics with their places out. A visible list of stages."""
