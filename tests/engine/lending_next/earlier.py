"""How the tables were described in earlier versions, which old records name by their hash."""

LOANS_1 = (
    '{"record":"lending/loans","key":["id"],"visible":"public","readers":[],"fields":'
    '[["id","str"],["lender","str"],["borrower","str"],["thing","str"],["due","int"],'
    '["status",{"one_of":["offered","lent","overdue","returned"]}]]}'
)
