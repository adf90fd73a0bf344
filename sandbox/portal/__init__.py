"""The billing portal: its configurations, its sessions, and what customers do on its pages."""
