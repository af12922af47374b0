"""Questions about lots, and what each kind of member has to look at."""
