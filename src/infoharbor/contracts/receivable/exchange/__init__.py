"""Invoices as the field sends them: UBL 2.1, the e-invoice XML of China and of Viet Nam."""
