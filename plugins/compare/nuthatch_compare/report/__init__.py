"""What a reader gets of a `Comparison`: the verdict, a terminal's tables, files, a page of HTML."""
