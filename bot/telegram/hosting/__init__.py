"""What is done with what was heard: commands are carried out, and answered where they were said."""
