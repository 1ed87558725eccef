"""How much main memory there is for this process, and what it means when it runs out."""
