"""What a person sees. No rule of its own."""
