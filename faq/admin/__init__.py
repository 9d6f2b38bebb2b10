"""The editors desk; its screens are connected once the domain functions are there."""
