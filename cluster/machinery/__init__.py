"""What every component is made of: how it is woken, what it may do, how its acts are told."""
