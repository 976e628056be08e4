"""How plans, progress and errors are shown: text, JSON, Markdown, HTML."""
