"""Text in, verified text out. A library: knows no Django and no index."""
