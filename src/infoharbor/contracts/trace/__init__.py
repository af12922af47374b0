"""Where goods come from and went: EPCIS 2.0 events as members captured them, judged against one another."""
