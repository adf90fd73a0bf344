"""The table's sections: the measurements of each, and their requirements."""
