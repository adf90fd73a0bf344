"""The billing portal: configurations, sessions and the customers' actions. Its pages are in sandbox/pages/portal."""
