"""Pure functions of text: patterns, Markdown, masking, token shapes. They know no word of the domain."""
