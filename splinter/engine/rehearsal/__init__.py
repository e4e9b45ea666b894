"""All finished branches brought together and judged before their pull requests."""
