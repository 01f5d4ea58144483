"""What the definitions of strategies and policies may say of the network they run in."""
