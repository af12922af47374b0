"""Speciality farm products: lots with their origin, shares, yields and marks, and the claims that may follow from them."""
