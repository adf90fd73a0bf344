"""What every answer of the site has, and what every request must keep to: headers, host names, sizes."""
