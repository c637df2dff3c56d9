"""Parts of the torch graphs that models return for export: filters, the foreground head, backgrounds and networks."""
