"""What comes back of a sale, and what it takes back and gives back."""
