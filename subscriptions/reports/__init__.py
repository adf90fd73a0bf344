"""Figures about the business, read from the mirror. Each module answers one question of the owner's."""
