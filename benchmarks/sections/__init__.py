"""The table's sections: what is measured for each, and what must come out."""
