"""Why a Pod is where it is, why it still waits, and what would change that: scheduling decisions put into words."""
