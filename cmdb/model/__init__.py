"""Plain records, declarations, access and answers; standard library only."""
