"""The compiler: bytes in, bodies out. Nothing here has an effect."""
