"""Shared assets: tokens of money and goods, unique titles, holds, escrow, grants, and powers over them."""
