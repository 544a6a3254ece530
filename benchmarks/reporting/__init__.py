"""From scores to tables, plots, the report and the terminal."""
