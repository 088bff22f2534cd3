"""The fact base: dated, sourced facts that rules cite, and the typed door to them."""
