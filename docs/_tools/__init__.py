"""What the build of the documentation is made with."""
